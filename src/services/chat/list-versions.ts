import type { Database } from "../../config/database.ts"
import type { Timing } from "../../config/timing.ts"
import { Unavailable } from "../../utils/errors.ts"
import { BatchBusy, createMicroBatch } from "../../utils/micro-batch.ts"

/** Knows which version of their list of chatrooms users have now. Triggers on the table give out the versions. */
export interface ListVersions {
  /**
   * Reads the version after the call, so that a caller's own write is in it. Calls that come together share a statement.
   * @throws {Unavailable} when the statements in flight take too long
   */
  read(userId: string): Promise<string>
}

/** Looking up one more costs far less than another statement. */
const MAX_SIZE = 100

/** One statement at a time makes the largest batches; when it is slow, another doesn't wait for it. */
const MAX_RUNNING = 2
const SPARE_AFTER_MS = 20

/** The version of users who never had a room. */
const NONE = "none"

export function createListVersions(db: Database, { replies }: Timing): ListVersions {
  const microBatch = createMicroBatch<string, string>({
    async run(userIds) {
      const { rows } = await db.execute<{ user_id: string; version: string }>("list-versions", READ, [
        userIds,
      ])
      const versions = new Map(rows.map(({ user_id, version }) => [user_id, version]))
      return userIds.map((userId) => versions.get(userId) ?? NONE)
    },
    maxSize: MAX_SIZE,
    maxRunning: MAX_RUNNING,
    spareAfterMs: SPARE_AFTER_MS,
    maxWaitMs: replies.batchWaitMs,
  })
  return {
    read: (userId) =>
      microBatch.add(userId).catch((error: unknown) => {
        throw error instanceof BatchBusy ? new Unavailable(error) : error
      }),
  }
}

const READ = "SELECT user_id, version FROM chatroom_lists WHERE user_id = ANY ($1::uuid[])"
