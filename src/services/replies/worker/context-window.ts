import type { MessageRecord } from "../../chat/message-record.ts"

/** A message of a branch, as far as the window is chosen by it. */
export interface WindowTurn
  extends Pick<MessageRecord, "id" | "parentId" | "role" | "promptTokens" | "outputTokens"> {
  /** Of its text, estimated. */
  tokens: number
  /** Where the window began that the reply was made with, if it was moved there for this reply. */
  contextStart: string | null
}

export interface Window {
  /** The index of the first turn to send. */
  start: number
  /** Whether the window begins elsewhere than for the reply before. */
  isMoved: boolean
  /** The index at which the window will begin once it is full, when that is near; otherwise null. */
  next: number | null
}

/** Three bytes a token is on the safe side: English has about four, other scripts about one character of three bytes. */
export const BYTES_PER_TOKEN = 3

/** From this part of the budget on it is time to prepare for the move. */
const NEARLY_FULL = 0.7

/** Counts that are less than this part of the estimate weren't made with the whole window. */
const PLAUSIBLE = 1 / 3

/**
 * Chooses which turns of a branch to send. The window grows with the branch, so that each request begins with the whole
 * one before it and the provider finds that in its cache. Only when it is full it moves, over about half of its turns.
 * Sizes are what the provider has counted for replies; only what is new since is estimated.
 * @param turns oldest first, from the window's start; the last one is the prompt, which always goes
 * @param budget tokens for the turns and for `overhead`, what is sent beside them
 * @param reserve tokens to be left free for a summary of what is before the window
 */
export function chooseWindow(
  turns: readonly WindowTurn[],
  { budget, overhead, reserve }: { budget: number; overhead: number; reserve: number },
): Window {
  const isFromRoot = turns[0]?.parentId === null
  const isWhole = isFromRoot || turns.some(({ contextStart }) => contextStart === turns[0]?.id)
  const limit = isFromRoot ? budget : budget - reserve
  const sizes = measure(turns, { overhead, isWhole })
  const half = isWhole ? findHalf(turns, sizes, limit) : null
  if (isWhole && sizes.total <= limit) {
    return { start: 0, isMoved: false, next: sizes.total > NEARLY_FULL * limit ? half : null }
  }
  const fits = half !== null && sizes.after(half) <= budget - reserve
  return { start: fits ? half : findRest(turns, sizes, budget - reserve), isMoved: true, next: null }
}

interface Sizes {
  /** Tokens of the whole window, with what is sent beside the turns. */
  total: number
  /** Tokens of the turns before the one at `index`. */
  before(index: number): number
  /** What a window from `index` on would take, with what is sent beside the turns. */
  after(index: number): number
}

/**
 * The provider's count for a reply is of all that was sent for it: what the last reply of this window had is counted as a
 * whole. What a part of it takes is known turn by turn.
 */
function measure(
  turns: readonly WindowTurn[],
  { overhead, isWhole }: { overhead: number; isWhole: boolean },
): Sizes {
  const before = [0]
  for (const [i] of turns.entries()) before.push((before[i] ?? 0) + sizeOf(turns, i, isWhole))
  const at = (index: number) => before[index] ?? 0
  const end = at(turns.length)
  const estimate = turns.reduce((sum, { tokens }) => sum + tokens, overhead)
  const newest = isWhole ? turns.findLastIndex(({ promptTokens }) => promptTokens !== null) : -1
  const moved = turns.findLastIndex(({ contextStart }) => contextStart !== null)
  const counted = newest >= Math.max(0, moved) ? countOf(turns[newest]) : 0
  const since = end - at(newest + 1)
  const isPlausible = counted > 0 && counted + since >= PLAUSIBLE * estimate
  return {
    total: isPlausible ? counted + since : overhead + end,
    before: at,
    after: (index) => overhead + end - at(index),
  }
}

/** A reply's size is counted, and a prompt's is what the replies around it differ by, if they had the same window. */
function sizeOf(turns: readonly WindowTurn[], i: number, isWhole: boolean): number {
  const turn = turns[i] as WindowTurn
  if (turn.role === "model") return turn.outputTokens ?? turn.tokens
  const [last, next] = [turns[i - 1], turns[i + 1]]
  if (!isWhole || !last?.promptTokens || !next?.promptTokens || next.contextStart !== null) return turn.tokens
  const difference = next.promptTokens - countOf(last)
  return difference > 0 ? difference : turn.tokens
}

const countOf = (reply: WindowTurn | undefined) =>
  reply ? (reply.promptTokens ?? 0) + (reply.outputTokens ?? reply.tokens) : 0

/** The prompt with which the second half of a full window begins, wherever the branch has come to since. */
function findHalf(turns: readonly WindowTurn[], { before }: Sizes, limit: number): number | null {
  const half = turns.findIndex(({ role }, i) => i > 0 && role === "user" && before(i) >= limit / 2)
  return half > 0 && half < turns.length - 1 ? half : null
}

/** The first prompt from which on the turns leave half of what the last one leaves; otherwise the last one. */
function findRest(turns: readonly WindowTurn[], { after }: Sizes, limit: number): number {
  const last = turns.length - 1
  const most = after(last) + Math.max(0, limit - after(last)) / 2
  const rest = turns.findIndex(({ role }, i) => role === "user" && after(i) <= most)
  return rest < 0 ? last : rest
}
