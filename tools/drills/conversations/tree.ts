import type { User } from "../../lib/client.ts"
import type { Exchange } from "../exchange.ts"
import type { State } from "../load.ts"

interface Search {
  user: User
  roomId: string
  /** All of the chatroom. */
  exchanges: readonly Exchange[]
  messageId: string
}

/** Finds those that are deleted with a message: it, or what it follows on some branch. */
export async function withWhatFollows(
  { client }: State,
  { user, roomId, exchanges, messageId }: Search,
): Promise<Exchange[]> {
  const token = await user.token()
  // An interruption may have moved a prompt since it was sent.
  const parents = new Map<string, string | null>()
  for (const { promptId } of exchanges) {
    const { body } = await client.get(`/chatroom/${roomId}/message/${promptId}`, { token })
    parents.set(promptId, body.parentId)
  }
  const gone = new Set([messageId])
  for (let before = 0; before < gone.size; ) {
    before = gone.size
    for (const { promptId, replyId } of exchanges) {
      if (gone.has(parents.get(promptId) ?? "")) gone.add(promptId)
      if (gone.has(promptId)) gone.add(replyId)
    }
  }
  return exchanges.filter(({ replyId }) => gone.has(replyId))
}
