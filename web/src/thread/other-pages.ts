import { batch } from "@preact/signals"
import { client } from "../api/client.ts"
import type { Thread } from "./open-thread.ts"
import { ANSWER_MS, isNowhere } from "./pages.ts"

/**
 * Shows the messages around one, on the branch that leads to it. @returns where it is
 * @throws what the service answers
 */
export async function showAround(
  { roomId, pages, shown }: Thread,
  messageId: string,
): Promise<"here" | "otherBranch" | "nowhere"> {
  if (shown.branch.peek().includes(messageId)) return "here"
  let place: "here" | "otherBranch" = "here"
  try {
    await pages.lookFor(async () => {
      let page = await pages.read(messageId)
      if (page.onActiveBranch === false) {
        await choose(roomId, messageId)
        place = "otherBranch"
        page = await pages.read(messageId)
      }
      pages.begin()
      batch(() => {
        for (const message of page.messages) shown.put(message)
        shown.branch.value = page.messages.map(({ id }) => id)
        shown.older.value = page.next
        shown.isDetached.value = !page.isNewest
      })
    })
    return place
  } catch (error) {
    if (isNowhere(error)) return "nowhere"
    throw error
  }
}

/**
 * Shows another version: the newest conversation that goes through that message, from what is shown before it on.
 * @param onCome called right before it is shown
 * @throws what the service answers
 */
export async function showVersion(
  { roomId, pages, shown }: Thread,
  messageId: string,
  onCome = () => {},
): Promise<void> {
  await pages.lookFor(async () => {
    const headId = await choose(roomId, messageId)
    const isLatest = pages.begin()
    let page = await pages.read()
    const isThere = page.messages.some(({ id }) => id === messageId)
    // Unless another has been chosen meanwhile, as by a prompt that was sent.
    if (!isThere && page.headId === headId) page = await pages.read(messageId)
    if (!isLatest()) return
    onCome()
    batch(() => {
      for (const message of page.messages) shown.put(message)
      shown.isStale.value = false
      // What was told meanwhile is looked for afterwards.
      shown.isDetached.value = page.endId !== page.headId
      shown.setBranch(
        page.messages.map(({ id }) => id),
        page.next,
      )
    })
    pages.keep()
  })
}

/** Makes the newest conversation through a message the shown one. @returns its last message */
async function choose(id: string, messageId: string): Promise<string | null> {
  const signal = AbortSignal.timeout(ANSWER_MS)
  const body = { headId: messageId }
  return (await client.call("PATCH /chatroom/{id}", { params: { id }, body, signal })).headId
}
