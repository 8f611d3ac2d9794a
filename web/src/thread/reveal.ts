import { signal } from "@preact/signals"

export interface Wanted {
  roomId: string
  messageId: string
  /** What was found in it. */
  words: readonly string[]
}

/** A message that is to be shown in its room, as soon as the room is. */
export const wanted = signal<Wanted | null>(null)

export function reveal(message: Wanted): void {
  wanted.value = message
}
