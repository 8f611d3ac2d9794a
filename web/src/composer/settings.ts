import { client, type Endpoints } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { putRoom } from "../rooms/rooms.ts"
import { newRoomSettings } from "../thread/new-room.ts"
import type { Thread } from "../thread/open-thread.ts"
import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"

/** What a person chooses for a conversation. Undefined: the service's default. */
export type Settings = Pick<
  Endpoints["POST /chatroom"]["body"],
  "model" | "thinking" | "webSearch" | "urlContext" | "temporary" | "context"
>

export type Level = "low" | "medium" | "high"

/** The settings of the room that is shown, or of the one that the next message makes. */
export const settingsOf = (thread: Thread | undefined): Settings =>
  thread ? (thread.room.value ?? {}) : newRoomSettings.value

/** Changes settings, and says so where the service refuses. */
export async function changeSettings(thread: Thread | undefined, change: Settings): Promise<void> {
  if (!thread) {
    newRoomSettings.value = { ...newRoomSettings.peek(), ...change }
    return
  }
  try {
    const room = await client.call("PATCH /chatroom/{id}", { params: { id: thread.roomId }, body: change })
    thread.room.value = room
    putRoom(room)
  } catch (error) {
    tell(wordsOf(error))
  }
}

/** What differs from the default, in words, for the line over the composer. */
export function settingsInWords({ thinking, webSearch, urlContext, temporary, context }: Settings): string[] {
  return [
    ...(temporary ? [t.settings.temporary] : []),
    ...(thinking ? [`${t.settings.thinking}: ${levelInWords(thinking)}`] : []),
    ...(webSearch ? [t.settings.webSearch] : []),
    ...(urlContext ? [t.settings.urlContext] : []),
    ...(context === "single" ? [t.settings.single] : []),
  ]
}

export const levelInWords = (level: Level): string => t.settings[level]
