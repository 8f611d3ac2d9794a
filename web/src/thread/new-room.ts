import { signal } from "@preact/signals"
import type { NewRoom } from "../outbox/item.ts"

/** What was chosen for the room that the next first message makes. */
export const newRoomSettings = signal<NewRoom>({})
