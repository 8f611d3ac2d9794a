import type { IncomingMessage } from "./incoming-room.ts"

/**
 * Sorts messages from the oldest to the newest, as far as a message stands after its parent and its earlier siblings,
 * whose order is that of the versions.
 * @param messages in the order of the tree
 * @param head the index of the message that is shown last; by default the newest
 */
export function sortMessages(
  messages: readonly IncomingMessage[],
  head: number | null,
): { messages: IncomingMessage[]; head: number } {
  const order = byTime(messages)
  const places: number[] = []
  for (const [place, index] of order.entries()) places[index] = place
  return {
    messages: order.map((index) => {
      const message = messages[index] as IncomingMessage
      return { ...message, parent: message.parent === null ? null : (places[message.parent] as number) }
    }),
    head: head === null ? messages.length - 1 : (places[head] as number),
  }
}

function byTime(messages: readonly IncomingMessage[]): number[] {
  const times: number[] = []
  const newest = new Map<number | null, number>()
  for (const { parent, createdAt } of messages) {
    const own = createdAt.getTime()
    const afterParent = parent === null ? own : Math.max(own, times[parent] as number)
    const time = Math.max(afterParent, newest.get(parent) ?? afterParent)
    newest.set(parent, time)
    times.push(time)
  }
  return messages.map((_, n) => n).toSorted((a, b) => (times[a] as number) - (times[b] as number) || a - b)
}
