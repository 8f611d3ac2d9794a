import { sendLater } from "../outbox/send-outbox.ts"
import { newRoomSettings } from "./new-room.ts"
import type { NewPrompt } from "./open-thread.ts"

/** Sends a first message, which makes a room with the settings that were chosen for it. */
export async function startChat({ text, attachments }: NewPrompt): Promise<void> {
  const newRoom = { key: crypto.randomUUID(), settings: newRoomSettings.peek() }
  newRoomSettings.value = {}
  await sendLater({ roomId: null, newRoom, text, attachments, parentId: undefined, interrupts: false })
}
