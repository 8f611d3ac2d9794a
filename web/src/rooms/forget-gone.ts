import { ApiError, type Chatroom, client } from "../api/client.ts"
import { dropKept, keptIds } from "../offline/kept-rooms.ts"

/**
 * Drops what this browser has of rooms that were deleted, or made temporary, while it was closed. Archived rooms aren't in the
 * list, so what isn't known is asked for.
 */
export async function forgetGone(find: (id: string) => Chatroom | undefined): Promise<void> {
  for (const id of await keptIds()) if (find(id)?.temporary ?? (await isGone(id))) await dropKept(id)
}

async function isGone(id: string): Promise<boolean> {
  try {
    return (await client.call("GET /chatroom/{id}", { params: { id }, query: { limit: 1 } })).temporary
  } catch (error) {
    return error instanceof ApiError && error.status === 404
  }
}
