const keyOf = (room: string) => `chat.draft.${room}`

/** What was written in a room and not sent. Kept over reloads until it is sent or the user signs out. */
export const readDraft = (room: string) => localStorage.getItem(keyOf(room)) ?? ""

export function writeDraft(room: string, text: string): void {
  if (text === "") localStorage.removeItem(keyOf(room))
  else localStorage.setItem(keyOf(room), text)
}
