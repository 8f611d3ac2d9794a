import type { createText } from "../../src/services/replies/stream/live-replies.ts"

/** What a live text holds, to be compared. */
export const shown = ({ attempt, value, thoughts }: ReturnType<typeof createText>) => ({
  attempt,
  value: String(value),
  thoughts: String(thoughts),
})
