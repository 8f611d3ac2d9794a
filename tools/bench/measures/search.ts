import { createRandom } from "../../lib/random.ts"
import { type Ratio, type Round, toRatio } from "../helpers/ratio.ts"
import { type Corpus, characterAt, fillCorpus, wordAt } from "../helpers/search-corpus.ts"
import { type Site, startFloor } from "../helpers/site.ts"
import { mobileNumberOf, signIn, type User } from "../helpers/users.ts"

/** Of searches of all kinds, for 95 of 100, in milliseconds. */
export const SEARCH_GOAL_MS = 50

/** Of the floor's time. */
export const SEARCH_RATIO_GOAL = 10

export interface SearchPace {
  /** Messages in the database, and those of the user who searches. */
  texts: number
  own: number
  /** Searches of each kind in a round. */
  searches: number
  rounds: number
}

export interface Searches extends Corpus {
  p50Ms: number
  p95Ms: number
  /** The 95th percentile of each kind. */
  byKind: Record<Kind, number>
  /** None where there are too many texts for the floor. */
  ratios: Partial<Record<Kind, Ratio>>
}

const random = createRandom("searches")
const rare = () => wordAt(random.int(5_000, 29_000))
const usual = () => wordAt(random.int(50, 500))
const common = () => wordAt(random.int(0, 9))

/** What is searched for. Only the first kinds mean the same to the floor. */
const KINDS = {
  "a rare word": () => `${rare()} `,
  "a usual word": () => `${usual()} `,
  "a common word": () => `${common()} `,
  "two words": () => `${common()} ${usual()} `,
  "a beginning": () => usual().slice(0, 3),
  "a phrase": () => `"${common()} ${common()}"`,
  "a rare phrase": () => `"${usual()} ${usual()}"`,
  "two characters": () => characterAt(random.int(0, 400)) + characterAt(random.int(0, 400)),
  "no match": () => "nothinglikeit ",
} as const
export type Kind = keyof typeof KINDS
const NAMES = Object.keys(KINDS) as Kind[]
const BESIDE_FLOOR: readonly Kind[] = ["a rare word", "a usual word", "a common word", "two words"]

/** The floor gets one of so many searches. */
const FLOOR_SHARE = 10

/** Beyond, the floor takes minutes for a search. */
const MOST_FOR_FLOOR = 1_000_000

/** `GET /search` of a user with many messages among those of many users, beside a plain full-text index of messages. */
export async function measureSearch(
  site: Site,
  users: User[],
  { texts, own, searches, rounds }: SearchPace,
): Promise<Searches> {
  await using stack = new AsyncDisposableStack()
  const corpus = await fillCorpus(site, users, { texts, own })
  // Filling takes longer than a token lives.
  const { token } = await signIn(site.url, mobileNumberOf(0))
  const ours = (q: string) => timeOf(`${site.url}/search?q=${encodeURIComponent(q)}`, token)
  const floor = texts <= MOST_FOR_FLOOR ? await startSearchFloor(site) : null
  if (floor) stack.defer(() => floor.process.stop())
  const theirs = (q: string) =>
    timeOf(`http://127.0.0.1:${floor?.port}/search?q=${encodeURIComponent(q)}`, token)
  const times = new Map<Kind, number[]>(NAMES.map((kind) => [kind, []]))
  const compared = new Map<Kind, Round[]>(BESIDE_FLOOR.map((kind) => [kind, []]))
  // The first round warms up.
  for (let n = 0; n <= rounds; n++) {
    for (const kind of NAMES) {
      const asked = Array.from({ length: searches }, KINDS[kind])
      const mine = await timesOf(asked, ours)
      if (n > 0) times.get(kind)?.push(...mine)
      if (!floor || !BESIDE_FLOOR.includes(kind)) continue
      // It takes seconds for a word that most texts have.
      const its = await timesOf(asked.slice(0, Math.ceil(searches / FLOOR_SHARE)), theirs)
      if (n > 0) compared.get(kind)?.push({ ours: mine, floor: its })
    }
  }
  const all = [...times.values()].flat()
  return {
    ...corpus,
    p50Ms: percentile(all, 0.5),
    p95Ms: percentile(all, 0.95),
    byKind: Object.fromEntries(
      Array.from(times, ([kind, of]) => [kind, percentile(of, 0.95)]),
    ) as Searches["byKind"],
    ratios: floor ? Object.fromEntries(Array.from(compared, ([kind, of]) => [kind, toRatio(of)])) : {},
  }
}

async function startSearchFloor(site: Site) {
  await site.pool.query(
    `SET maintenance_work_mem = '1GB';
     CREATE INDEX floor_search ON messages USING gin (to_tsvector('simple', content))`,
  )
  return startFloor(site, "express-search")
}

async function timesOf(asked: readonly string[], search: (q: string) => Promise<number>): Promise<number[]> {
  const times: number[] = []
  for (const q of asked) times.push(await search(q))
  return times
}

/** @returns how long an answer took, in milliseconds @throws for one that isn't 2xx */
async function timeOf(url: string, token: string): Promise<number> {
  const startedAt = performance.now()
  const response = await fetch(url, { headers: { Authorization: `Bearer ${token}` } })
  const text = await response.text()
  if (!response.ok) throw new Error(`GET ${url} answered ${response.status}: ${text}`)
  return performance.now() - startedAt
}

function percentile(times: readonly number[], part: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.floor(part * (sorted.length - 1))] ?? 0
}
