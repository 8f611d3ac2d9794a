import { sendLater } from "../outbox/send-outbox.ts"
import { newRoomSettings } from "./new-room.ts"
import type { NewPrompt } from "./open-thread.ts"

/** Sends a first message, which makes a room with the settings that were chosen for it. */
export async function startChat({ text, attachments }: NewPrompt): Promise<void> {
  const newRoom = { key: crypto.randomUUID(), settings: newRoomSettings.peek() }
  newRoomSettings.value = {}
  const first = { roomId: null, newRoom, text, attachments, parentId: undefined, interrupts: false }
  begun.add(await sendLater(first))
  sessionStorage.setItem(BEGUN_KEY, JSON.stringify([...begun]))
}

const BEGUN_KEY = "chat.begun"

/** The first messages that this tab has sent, over its reloads. */
const begun = new Set<string>(JSON.parse(sessionStorage.getItem(BEGUN_KEY) ?? "[]"))

/** Whether a first message was written in this tab: another's isn't to lead away from what is written here. */
export const isBegunHere = (key: string) => begun.has(key)
