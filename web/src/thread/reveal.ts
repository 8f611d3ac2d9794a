import { signal } from "@preact/signals"

/** A message that is to be shown in its room, as soon as the room is. */
export const wanted = signal<{ roomId: string; messageId: string } | null>(null)

export function reveal(roomId: string, messageId: string): void {
  wanted.value = { roomId, messageId }
}
