import { batch } from "@preact/signals"
import { ApiError, client } from "../api/client.ts"
import { dropKept, keepRoom, readKept } from "../offline/kept-rooms.ts"
import { putRoom } from "../rooms/rooms.ts"
import type { Shown } from "./shown.ts"

const PAGE = 50

/** More messages at once make a page slow; those that are farthest from the reader go, and come back when scrolled to. */
const MOST_SHOWN = 300

/** What somebody waits for, and what news waits for, isn't waited for any longer. */
export const ANSWER_MS = 15_000

export type Pages = ReturnType<typeof createPages>

/** Loads what is shown of a conversation, from the service or from the copy that is kept for reading offline. */
export function createPages(shown: Shown) {
  const { roomId, state, room, branch, older, isDetached, isStale, put } = shown
  const params = { id: roomId }
  let loads = 0
  /** What was shown when the last load began, or comes from the kept copy. */
  let before = new Set<string>()
  /** How many loads of something else than the newest messages are under way, and whether news came meanwhile. */
  let looking = 0
  let isMissed = false

  /** Loads the newest messages. A load that was overtaken by a later one changes nothing. */
  async function load(): Promise<void> {
    const isLatest = begin()
    before = new Set(branch.peek())
    const toldSince = shown.listenForRoom()
    try {
      const { reply, next } = await client.page("GET /chatroom/{id}", { params, query: { limit: PAGE } })
      if (!isLatest()) return
      batch(() => {
        const { messages: newest, ...fields } = reply
        const ids = newest.map(({ id }) => id)
        const since = cameSince(before, branch.peek(), ids.at(-1))
        isStale.value = false
        isDetached.value = false
        for (const message of newest) put(message)
        const headId = since.length > 0 ? (room.peek()?.headId ?? fields.headId) : fields.headId
        // The room may have been read before what the stream has told meanwhile, and that is told once.
        room.value = toldSince() ?? { ...fields, headId }
        putRoom(room.value)
        shown.setBranch([...ids, ...since], next)
        state.value = "ready"
      })
      keep()
      // The page may lack messages up to the new head.
      if (toldSince() && room.peek()?.headId !== (shown.end() ?? null)) void refresh()
    } catch (error) {
      if (!isLatest()) return
      if (isNowhere(error)) miss()
      else if (state.peek() !== "ready" && !(await showKept())) state.value = "failed"
    }
  }

  /** Loads the newest messages again, unless older ones are being read or loaded. */
  async function refresh(): Promise<void> {
    if (canFollow()) await load()
  }

  /**
   * Whether news may change which messages are shown: not while older ones are read. While others are loaded, of which the
   * stream may tell as well, it has to wait; then the newest messages are loaded again.
   */
  function canFollow(): boolean {
    if (isDetached.peek()) return false
    if (looking > 0) isMissed = true
    return looking === 0
  }

  /** Shows the room as it was when it was read last. @returns whether there is something to see */
  async function showKept(): Promise<boolean> {
    const kept = state.peek() === "ready" ? null : await readKept(roomId)
    if (kept && state.peek() !== "ready") {
      batch(() => {
        isStale.value = true
        for (const message of kept.messages) put(message)
        room.value = room.peek() ?? kept.room
        // What the stream has told from the room's beginning on is no older.
        if (branch.peek().length === 0) {
          const ids = kept.messages.map(({ id }) => id)
          before = new Set(ids)
          shown.setBranch(ids, null)
        }
        state.value = "ready"
      })
    }
    return state.peek() === "ready"
  }

  /** Keeps the newest messages for reading offline. */
  function keep(): void {
    const fields = room.peek()
    if (!fields || isStale.peek() || isDetached.peek()) return
    void keepRoom({ room: fields, messages: branch.peek().flatMap((id) => shown.find(id) ?? []) })
  }

  function miss(why: "missing" | "deleted" = "missing"): void {
    if (state.peek() !== "deleted") state.value = why
    void dropKept(roomId)
  }

  /** Loads older messages. As many newer ones may go, out of sight, which `isWhole` keeps. */
  async function loadOlder({ isWhole = false } = {}): Promise<void> {
    const query = older.peek()
    if (!query) return
    older.value = null
    const first = branch.peek()[0]
    try {
      const { reply, next } = await client.page("GET /chatroom/{id}", { params, query })
      const before = branch.peek()
      // Other messages are shown meanwhile, with another way to older ones.
      if (before[0] !== first) return
      const at = reply.messages.findIndex(({ id }) => id === before[0])
      const added = at < 0 ? reply.messages : reply.messages.slice(0, at)
      batch(() => {
        for (const message of added) put(message)
        const all = [...added.map(({ id }) => id), ...before]
        const isLong = !isWhole && all.length > MOST_SHOWN
        branch.value = isLong ? all.slice(0, MOST_SHOWN) : all
        if (isLong) isDetached.value = true
        older.value = next
      })
    } catch {
      if (branch.peek()[0] === first) older.value = query
    }
  }

  /**
   * Goes on from messages that were looked for towards the newest.
   * @param onCome called right before they are shown
   */
  async function loadNewer(onCome: () => void): Promise<void> {
    const last = shown.end()
    if (last === undefined || !isDetached.peek()) return
    const page = await read(last).catch(() => null)
    if (!page || page.onActiveBranch === false || shown.end() !== last || !isDetached.peek()) return
    const added = page.messages.slice(page.messages.findIndex(({ id }) => id === last) + 1)
    onCome()
    batch(() => {
      for (const message of added) put(message)
      const all = [...branch.peek(), ...added.map(({ id }) => id)]
      branch.value = all.slice(-MOST_SHOWN)
      // Where the oldest have gone there is no cursor, so what is before the first is asked for by its name.
      if (all.length > MOST_SHOWN)
        older.value = { limit: String(PAGE), messageId: branch.peek()[0] as string }
      isDetached.value = !page.isNewest
    })
  }

  /**
   * Does what shows other messages than the newest. What the stream tells meanwhile waits for its end.
   */
  async function lookFor<T>(work: () => Promise<T>): Promise<T> {
    looking += 1
    try {
      return await work()
    } finally {
      looking -= 1
      if (looking === 0 && isMissed) {
        isMissed = false
        void refresh()
      }
    }
  }

  /** Begins a load: those that have begun before change nothing any more. @returns whether none has begun since */
  function begin(): () => boolean {
    const load = ++loads
    return () => load === loads
  }

  /** Reads the newest messages, or those around one. @throws what the service answers */
  async function read(messageId?: string) {
    const query = { limit: PAGE, ...(messageId === undefined ? {} : { messageId }) }
    const toldSince = shown.listenForRoom()
    const signal = AbortSignal.timeout(ANSWER_MS)
    const { reply, next } = await client.page("GET /chatroom/{id}", { params, query, signal })
    const { messages: found, onActiveBranch, ...fields } = reply
    const newest = toldSince() ?? fields
    room.value = newest
    const endId = found.at(-1)?.id
    return {
      messages: found,
      next,
      headId: fields.headId,
      endId,
      isNewest: endId === newest.headId,
      onActiveBranch,
    }
  }

  return {
    load,
    refresh,
    canFollow,
    showKept,
    keep,
    miss,
    loadOlder,
    loadNewer,
    lookFor,
    begin,
    read,
  }
}

/** What the stream has told while a page was loaded that ends with `endId` goes on from there, and isn't in it yet. */
function cameSince(before: ReadonlySet<string>, now: readonly string[], endId: string | undefined): string[] {
  const at = endId === undefined ? -1 : now.indexOf(endId)
  const rest = endId !== undefined && at < 0 ? [] : now.slice(at + 1)
  return rest.every((id) => !before.has(id)) ? rest : []
}

export const isNowhere = (error: unknown) =>
  error instanceof ApiError && (error.status === 404 || error.status === 400)
