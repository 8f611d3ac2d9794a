import { ownerOfSession } from "../offline/owner.ts"

const PREFIX = "chat.draft."

/** The draft of the room that the first message makes. */
export const NEW_DRAFT = "new"

const keyOf = (room: string) => `${PREFIX}${ownerOfSession()}.${room}`

/** Whether a key of the storage is a draft's; with `owner`: of that user. */
export const isDraft = (key: string, owner?: string) =>
  key.startsWith(owner === undefined ? PREFIX : `${PREFIX}${owner}.`)

/**
 * What was written in a room and not sent. Kept over reloads, and for its owner over the end of a session, until it is sent or
 * the user signs out.
 */
export const readDraft = (room: string) => localStorage.getItem(keyOf(room)) ?? ""

export function writeDraft(room: string, text: string): void {
  if (text === "") dropDraft(room)
  else localStorage.setItem(keyOf(room), text)
}

export function dropDraft(room: string): void {
  localStorage.removeItem(keyOf(room))
}

/** The rooms with drafts, without the one that is still to be made. */
export function roomsWithDrafts(): string[] {
  const prefix = keyOf("")
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(prefix) && key !== keyOf(NEW_DRAFT))
    .map((key) => key.slice(prefix.length))
}
