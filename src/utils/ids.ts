import { v7 } from "uuid"

/** A new UUIDv7: ids made later in this process sort later, so they insert at the right edge of an index. */
export function newId(): string {
  return v7()
}
