import type { ChatroomKey } from "../../chat/find-chatroom.ts"
import { publishRoomChanged } from "../../chat/room-pubsub.ts"
import type { Context } from "../../context.ts"
import { enqueueReply } from "./enqueue-reply.ts"
import type { WrittenReply } from "./insert-reply.ts"
import { QUEUE_NAME } from "./reply-queue.ts"

/** Enqueues a reply whose turn it is, and wakes its room's listeners. After the commit: hints only, so none may fail. */
export function announceReply(
  ctx: Context,
  { userId, id: chatroomId }: ChatroomKey,
  { reply, startsNow, inFlight }: WrittenReply,
): void {
  if (startsNow) {
    const enqueue = () => enqueueReply(ctx, { userId, id: reply.id }, { inFlight })
    ctx.background.run("enqueue a reply", () => ctx.tracing.span(`send ${QUEUE_NAME}`, PRODUCER, enqueue))
  }
  publishRoomChanged(ctx, chatroomId, userId)
}

const PRODUCER = {
  kind: "producer" as const,
  attributes: { "messaging.system": "bullmq", "messaging.destination.name": QUEUE_NAME },
}
