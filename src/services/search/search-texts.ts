import { setImmediate } from "node:timers/promises"
import { z } from "zod"
import { MAX_PAGE_BYTES } from "../../config/limits.ts"
import { CHATROOM_FIELDS, type ChatroomRecord } from "../../models/chatroom.ts"
import { selectSql } from "../../models/columns.ts"
import type { Page, PageRequest } from "../../models/keyset.ts"
import { decodeCursor, encodeCursor } from "../../utils/cursor.ts"
import { type MessageRecord, messageSql, textBytesSql } from "../chat/message-record.ts"
import { familiesSql } from "../chat/siblings.ts"
import type { Context } from "../context.ts"
import { type Excerpt, excerptOf, wordsLike } from "./excerpt.ts"
import { type Language, languagesOf } from "./languages.ts"
import { readQuery, type Term, tsqueryOf } from "./query.ts"
import type { Stems } from "./stemmer.ts"
import { type Word, wordsOf } from "./words.ts"

/** A message that was found or, without one, a room by its name. */
export interface Finding {
  room: ChatroomRecord
  message: MessageRecord | null
  excerpt: Excerpt
}

export interface Findings extends Page<Finding> {
  /** How many of the user's recent texts aren't indexed yet, `MAX_WAITING` at the most. */
  waiting: number
}

/** How many matches are compared with one another: the newest ones first, then the next older ones, and so on. */
const RANKED = 400
/** Parts of the index that one request looks at: of half a million texts. A page may be empty and have a next one. */
const MAX_PARTS = 512
const MAX_WAITING = 1_000

/**
 * Finds the user's messages and rooms that have all terms of `q`, best first: the best of the newest matches, then of
 * the next older ones. Pages show what matched at the time of the first one, each finding once, whatever is written
 * meanwhile. Temporary rooms are left out. A page with long texts is shorter than `limit`.
 * @throws {InvalidRequest | RateLimited}
 */
export async function searchTexts(
  ctx: Context,
  { userId, q, limit, cursor }: PageRequest & { userId: string; q: string },
): Promise<Findings> {
  const position = cursor === undefined ? null : decodeCursor(cursor, Position)
  const terms = await readQuery(ctx, q)
  if (terms.length === 0) return { items: [], next: null, waiting: 0 }
  return ctx.heavyReads.run(userId, async () => {
    const [found, waiting] = await Promise.all([
      findMatches(ctx, { userId, query: tsqueryOf(terms), position }),
      countWaiting(ctx, userId),
    ])
    const { items, next } = await readFindings(ctx, { userId, terms, found, limit })
    return { items, next, waiting }
  })
}

const Place = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const Score = z
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1)
/**
 * Where a page goes on: the texts from the first place up to the second one are ranked together, and the page begins
 * after the one with this score and place, or else with the first.
 */
const Position = z.union([z.tuple([Place, Place]), z.tuple([Place, Place, Score, Place])])
type Position = z.infer<typeof Position>

interface Match {
  id: string
  n: number
  score: number
}

/** Matches that are ranked together, and those of them that the page may show, in order. */
interface Found {
  from: number
  before: number
  matches: Match[]
}

async function findMatches(
  ctx: Context,
  { userId, query, position }: { userId: string; query: string; position: Position | null },
): Promise<Found> {
  const [downTo, before, score, n] = position ?? [0, null]
  const { rows } = await ctx.db.execute<{ id: string | null; n: string; score: number; documents: string }>(
    "search-matches",
    MATCHES,
    [userId, query, before, downTo, RANKED, MAX_PARTS],
  )
  const matches = rows
    .filter((row) => row.id !== null)
    .map((row) => ({ id: row.id as string, n: Number(row.n), score: row.score }))
  const end = rows.at(-1)
  const lowest =
    matches.length === RANKED ? Math.min(...matches.map((match) => match.n)) : Number(end?.n ?? 0)
  const all = { from: lowest, before: before ?? Number(end?.documents ?? 0) }
  const ranked = matches.toSorted((a, b) => b.score - a.score || b.n - a.n)
  return { ...all, matches: ranked.filter((match) => isAfter(match, score, n)) }
}

function isAfter(match: Match, score: number | undefined, n: number | undefined): boolean {
  if (score === undefined || n === undefined) return true
  return match.score < score || (match.score === score && match.n < n)
}

/** The condition on the user stands in the function. */
const MATCHES = `
  SELECT id, n, score, (SELECT documents FROM search_users WHERE user_id = $1) AS documents
  FROM search_matches($1, $2, $3, $4, $5, $6)`

async function countWaiting(ctx: Context, userId: string): Promise<number> {
  const { rows } = await ctx.db.execute<{ count: number }>("count-unindexed", WAITING, [userId])
  return rows[0]?.count ?? 0
}

const WAITING = `
  SELECT count(*)::int AS count FROM (SELECT FROM search_queue WHERE user_id = $1 LIMIT ${MAX_WAITING}) AS waiting`

interface Read {
  userId: string
  terms: Term[]
  found: Found
  limit: number
}

async function readFindings(ctx: Context, { userId, terms, found, limit }: Read): Promise<Page<Finding>> {
  const asked = found.matches.slice(0, limit)
  const { texts, shown } = await readTexts(ctx, userId, asked)
  const next = nextPosition(found, shown)
  return { items: await withExcerpts(ctx, texts, terms), next: next && encodeCursor(next) }
}

function nextPosition({ from, before, matches }: Found, shown: number): Position | null {
  const last = matches[shown - 1]
  if (last && shown < matches.length) return [from, before, last.score, last.n]
  return from > 0 ? [0, from] : null
}

type Text = Omit<Finding, "excerpt">

/** @returns those that still are there and may be found, and how many of `asked` the page is made of */
async function readTexts(
  ctx: Context,
  userId: string,
  asked: readonly Match[],
): Promise<{ texts: Text[]; shown: number }> {
  const ids = asked.map(({ id }) => id)
  const { rows } = await ctx.db.execute<MessageRecord & { cut: number | null }>("found-messages", MESSAGES, [
    userId,
    ids,
    MAX_PAGE_BYTES,
  ])
  const messages = new Map(rows.map(({ cut: _, ...message }) => [message.id, message]))
  const shown = rows[0]?.cut ?? asked.length
  const roomIds = [...new Set([...ids, ...rows.map(({ chatroomId }) => chatroomId)])]
  const found = await ctx.db.execute<ChatroomRecord>("found-chatrooms", CHATROOMS, [userId, roomIds])
  const rooms = new Map(found.rows.map((room) => [room.id, room]))
  const texts = ids.slice(0, shown).flatMap((id) => {
    const message = messages.get(id) ?? null
    const room = rooms.get(message?.chatroomId ?? id)
    return room ? [{ room, message }] : []
  })
  return { texts, shown }
}

/** As in a room's list of messages: a text's length is known without reading it. `cut`: how many the page has then. */
const MESSAGES = `
  WITH found AS (
    SELECT m.*, asked.place, sum(${textBytesSql("m")}) OVER earlier AS bytes_before
    FROM unnest($2::uuid[]) WITH ORDINALITY AS asked (id, place)
    JOIN messages AS m ON m.user_id = $1 AND m.id = asked.id
    WHERE m.completed_at IS NOT NULL
    WINDOW earlier AS (ORDER BY asked.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  ), page AS MATERIALIZED (
    SELECT * FROM found WHERE coalesce(bytes_before, 0) < $3
  ), member AS MATERIALIZED (${familiesSql("page")})
  SELECT ${messageSql("m", "member.siblings")},
    (SELECT min(place)::int - 1 FROM found WHERE bytes_before >= $3) AS cut
  FROM page AS m JOIN member USING (id)`

/** A room that was made temporary a moment ago may still be in the index. */
const CHATROOMS = `
  SELECT ${selectSql(CHATROOM_FIELDS, "chatrooms")} FROM chatrooms
  WHERE user_id = $1 AND id = ANY ($2::uuid[]) AND NOT temporary`

/** Other requests get their turn between two texts. */
async function withExcerpts(
  ctx: Context,
  found: readonly Text[],
  terms: readonly Term[],
): Promise<Finding[]> {
  const read: ReadText[] = []
  for (const { room, message } of found) {
    const text = message?.content ?? room.name
    const words = [...wordsOf(text)]
    read.push({ room, message, text, words, languages: [...languagesOf(words)] })
    await setImmediate()
  }
  const stems = await stemsOf(ctx, read, terms)
  return read.map(({ room, message, text, words, languages }) => ({
    room,
    message,
    excerpt: excerptOf(text, words, terms, stems.get(languages.join()) ?? (() => [])),
  }))
}

interface ReadText extends Text {
  text: string
  words: Word[]
  languages: Language[]
}

/** Reduces words as they were for the index: by the languages of their text. @returns the stems by these */
async function stemsOf(
  ctx: Context,
  read: readonly ReadText[],
  terms: readonly Term[],
): Promise<ReadonlyMap<string, Stems>> {
  const stems = new Map<string, Stems>()
  for (const [key, texts] of Map.groupBy(read, ({ languages }) => languages.join())) {
    const candidates = texts.flatMap(({ words }) => wordsLike(words, terms))
    stems.set(key, await ctx.stemmer.of(ctx.db.pool, candidates, texts[0]?.languages ?? []))
  }
  return stems
}
