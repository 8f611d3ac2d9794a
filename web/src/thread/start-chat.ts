import { client } from "../api/client.ts"
import { putRoom } from "../rooms/rooms.ts"
import { go, toRoom } from "../router.ts"
import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"

/** What the page of a room that was just made is to send first. */
let first: { roomId: string; text: string; attachments: string[] } | null = null

/** Makes a room for a first message and shows it. @returns whether the message is on its way */
export async function startChat(text: string, attachments: string[]): Promise<boolean> {
  try {
    const room = await client.call("POST /chatroom", { body: {} })
    putRoom(room)
    first = { roomId: room.id, text, attachments }
    go(toRoom(room.id))
    return true
  } catch (error) {
    tell(wordsOf(error))
    return false
  }
}

/** Takes the first message of a room, once. */
export function takeFirst(roomId: string) {
  const taken = first?.roomId === roomId ? first : null
  if (taken) first = null
  return taken
}
