import { z } from "zod"
import { Id, Time } from "./common.ts"

export const DeadLetter = z
  .object({
    id: Id,
    chatroomId: Id,
    userId: Id,
    error: z.object({ code: z.string(), message: z.string() }),
    model: z.string().nullable(),
    attempts: z.number().int(),
    failures: z.number().int(),
    takeovers: z.number().int(),
    requestId: z.string().nullable(),
    createdAt: Time,
    completedAt: Time,
  })
  .meta({ id: "DeadLetter" })

export const Requeued = z.object({ id: Id, status: z.literal("queued") })

export const FeedbackTotal = z
  .object({
    model: z.string().nullable(),
    up: z.number().int(),
    down: z.number().int(),
  })
  .meta({ id: "FeedbackTotal" })
