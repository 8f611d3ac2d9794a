import type { Endpoints } from "../api/client.ts"

export type NewRoom = Endpoints["POST /chatroom"]["body"]

/** A message that the service hasn't taken yet. */
export interface OutboxItem {
  /** Given by the store: the order in which the messages were written. */
  order?: number
  /** The `Idempotency-Key` of its request: however often it is sent, it is taken once. */
  key: string
  /** Null: the room is still to be made, under the key `newRoom.key`. */
  roomId: string | null
  newRoom: { key: string; settings: NewRoom } | null
  text: string
  attachments: string[]
  /** The message that it follows; undefined: the end of the room as it is then. */
  parentId: string | null | undefined
  /** Stops the reply in the making instead of waiting for it. */
  interrupts: boolean
  /** When it was written, or confirmed: milliseconds since 1970. */
  at: number
  /** Why it isn't sent until somebody says so: the service has refused it, or the one before it. */
  stopped: { code: string; message: string } | "held" | null
}

/** The service remembers a key for a day: a message that is sent twice after that may be taken twice. */
const DAY_MS = 24 * 60 * 60 * 1000

/** Whether it has waited so long that it may have been sent, or isn't wanted any more. */
export const isOld = ({ at }: OutboxItem) => Date.now() - at >= DAY_MS

/** Messages with the same place are sent one after the other. */
export const placeOf = ({ roomId, newRoom, key }: OutboxItem) => roomId ?? newRoom?.key ?? key
