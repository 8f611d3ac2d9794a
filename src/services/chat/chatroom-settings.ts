import type { ChatroomSettings } from "../../models/chatroom.ts"

/** What a user may set of a room. */
export interface WantedSettings extends Partial<Omit<ChatroomSettings, "nameBy" | "archivedAt">> {
  archived?: boolean
}

/** Returns the columns of wanted settings; only those of the given fields. */
export function toSettings({ archived, ...wanted }: WantedSettings): Partial<ChatroomSettings> {
  const settings: Partial<ChatroomSettings> = { ...wanted }
  if (wanted.name !== undefined) settings.nameBy = "user"
  if (archived !== undefined) settings.archivedAt = archived ? new Date() : null
  return settings
}
