import { resolve } from "node:path"
import type { Page } from "playwright-core"
// @ts-expect-error the launcher is plain JavaScript, without types
import { ensureWebBuilt } from "../../../bin/web-build.mjs"
import { insertChain } from "../../lib/chain.ts"
import type { Site } from "../helpers/site.ts"
import type { User } from "../helpers/users.ts"
import { BARE_PATH } from "../web/bare-page.ts"
import { type ChunkTimes, measureChunks } from "../web/chunks.ts"
import { type Desk, holds, openDesk, openRoom, openTab } from "../web/desk.ts"
import { type FirstLoad, measureFirstLoad } from "../web/first-load.ts"
import { measureBareOpening, measureOpening, type Room } from "../web/long-room.ts"
import { measureMemory } from "../web/memory.ts"
import { measureStart } from "../web/start.ts"
import { fillRoom } from "../web/texts.ts"
import { measureTyping } from "../web/typing.ts"

const ROOT = resolve(import.meta.dirname, "../../..")

/** How often, and how much. */
export interface WebPace {
  rounds: number
  /** Pieces of a reply whose way into the page is looked at, in each round. */
  chunks: number
  letters: number
  deltas: number
}

/** Turns of the conversation that pieces arrive in. */
const TURNS = 200
/** As many of its messages as the page shows at once; for more the newest would go. It loads so many older ones at a time. */
const MOST_SHOWN = 300
const PAGE = 50
const MANY = 10_000

/** About what a quick model sends: 50 pieces a second. */
const USUAL = { size: 24, delayMs: 20 }

export interface Web {
  load: FirstLoad
  /** Milliseconds, one of each round, beside the bare page's. */
  signIn: number[]
  thread: Both
  chunks: { ours: ChunkTimes[]; bare: ChunkTimes[] }
  typing: Both
  opening: Both
  memory: Awaited<ReturnType<typeof measureMemory>>
}

export interface Both {
  ours: number[]
  bare: number[]
}

/**
 * Measures the web client in a browser of its own, beside a bare page of the same texts.
 * @param program the Chromium
 */
export async function measureWeb(site: Site, user: User, program: string, pace: WebPace): Promise<Web> {
  await using stack = new AsyncDisposableStack()
  if (!(await ensureWebBuilt(ROOT, { node: process.execPath })))
    throw new Error("The web client isn't built.")
  const desk = await openDesk(stack, program, site, user)
  const short = await room(desk, 50)
  const load = await measureFirstLoad(desk, short, (reply) => write(desk, reply))
  const signIn = await rounds(pace, () => measureStart(desk, "/app", null))
  const thread = await both(pace, {
    ours: () => measureStart(desk, `/app/chat/${short.id}`, short.text),
    bare: () => measureStart(desk, `${BARE_PATH}#${short.id}`, short.text),
  })
  const long = await room(desk, MANY)
  const opening = await both(pace, {
    ours: () => measureOpening(desk, long),
    bare: () => measureBareOpening(desk, long),
  })
  const { chunks, typing } = await measureStreams(desk, pace)
  return { load, signIn, thread, opening, chunks, typing, memory: await measureHour(desk, pace) }
}

async function rounds<T>({ rounds }: WebPace, measure: () => Promise<T>): Promise<T[]> {
  const found: T[] = []
  for (let round = 0; round < rounds; round += 1) found.push(await measure())
  return found
}

/** The two take turns: what else the machine does falls on both. */
async function both<T>(pace: WebPace, sides: { ours: () => Promise<T>; bare: () => Promise<T> }) {
  const pairs = await rounds(pace, async () => ({ ours: await sides.ours(), bare: await sides.bare() }))
  return { ours: pairs.map(({ ours }) => ours), bare: pairs.map(({ bare }) => bare) }
}

async function room(desk: Desk, messages: number): Promise<Room> {
  return { id: await fillRoom(desk, messages), text: `meanwhile. ${messages - 1}` }
}

/** Writes a room with one reply. */
function write({ site, user }: Desk, reply: string): Promise<string> {
  return insertChain(site.pool, { userId: user.id, messages: 2, prompt: "Show me.", reply })
}

async function measureStreams(desk: Desk, pace: WebPace) {
  const { id, text } = await room(desk, 2 * TURNS)
  const ours = await openTab(desk)
  await openRoom(ours.page, `${desk.url}/app/chat/${id}`, text)
  await showMost(ours.page, MOST_SHOWN)
  // It loads the whole build, which belongs to no figure here.
  await ours.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
  const bare = await openTab(desk)
  await openRoom(bare.page, `${desk.url}${BARE_PATH}#${id}`, text)
  const reply = { roomId: id, chunks: pace.chunks, ...USUAL }
  const chunks = await both(pace, {
    ours: () => inFront(ours.page, () => measureChunks(desk, ours.page, reply)),
    bare: () => inFront(bare.page, () => measureChunks(desk, bare.page, reply)),
  })
  const typed = { roomId: id, letters: pace.letters }
  const typing = await both(pace, {
    ours: () => inFront(ours.page, () => measureTyping(desk, ours.page, typed)),
    bare: () => inFront(bare.page, () => measureTyping(desk, bare.page, typed)),
  })
  await bare.close()
  await ours.close()
  return { chunks, typing }
}

/** A page in the back has no frames. */
async function inFront<T>(page: Page, measure: () => Promise<T>): Promise<T> {
  await page.bringToFront()
  return measure()
}

/** Scrolls up until so many messages are loaded, and back to the end while the last of them are still being written. */
async function showMost(page: Page, messages: number): Promise<void> {
  await holds(
    page,
    `{
    const area = document.querySelector(".scroll")
    const written = document.querySelectorAll("article").length
    area.scrollTop = written <= ${messages - PAGE} ? 0 : area.scrollHeight
    area.scrollTop > 0 && written >= ${messages}
  }`,
  )
}

async function measureHour(desk: Desk, { deltas }: WebPace) {
  const { id, text } = await room(desk, 50)
  const tab = await openTab(desk)
  await openRoom(tab.page, `${desk.url}/app/chat/${id}`, text)
  const grown = await measureMemory(desk, tab, { roomId: id, deltas })
  await tab.close()
  return grown
}
