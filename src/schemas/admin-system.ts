import { z } from "zod"
import { Id, Time } from "./common.ts"
import { Ready } from "./system.ts"

/** `ADMIN_TOKEN`, or the access token of an admin. */
export const AdminSignIn = z.strictObject({ token: z.string().min(1).max(1_000) })
export type AdminSignIn = z.infer<typeof AdminSignIn>

export const AdminSession = z.object({
  actor: z
    .string()
    .describe("`admin_token`, or the user's id.")
    .meta({ examples: ["admin_token"] }),
  expiresAt: Time.nullable().describe("`null` for a bearer token."),
})

export const AuditEntry = z
  .object({
    id: Id,
    at: Time,
    actor: z
      .string()
      .describe("`admin_token`, or the user's id.")
      .meta({ examples: ["admin_token"] }),
    action: z.string().meta({ examples: ["suspend_user"] }),
    targetId: z.string().nullable(),
    requestId: z.string(),
    address: z.string(),
    outcome: z.string().describe("`ok`, an error code, or `begun` if the outcome is unknown."),
  })
  .meta({ id: "AuditEntry" })

const Counts = z.record(z.string(), z.number().int())

export const SystemState = z
  .object({
    version: z.string(),
    node: z.string(),
    uptimeSeconds: z.number().int(),
    health: Ready,
    queues: z.object({ replies: Counts.nullable(), billing: Counts.nullable() }),
    workers: z.array(
      z.object({ id: Id, seenAt: Time, concurrency: z.number().int(), meanMs: z.number().nullable() }),
    ),
    migration: z.string().nullable(),
    config: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), z.null()]))
      .describe("Settings by the names of the environment, without secrets and addresses."),
  })
  .meta({ id: "SystemState" })

export const BillingEventPath = z.object({
  id: z
    .string()
    .regex(/^\w{1,255}$/)
    .meta({ examples: ["evt_1"] }),
})

export const BillingEvent = z
  .object({
    id: z.string(),
    type: z.string(),
    status: z.enum(["pending", "handled", "ignored", "unmatched"]),
    objectId: z.string().nullable(),
    stripeCustomerId: z.string().nullable(),
    tries: z.number().int(),
    createdAt: Time.nullable(),
    receivedAt: Time,
    handledAt: Time.nullable(),
  })
  .meta({ id: "BillingEvent" })

export const Replayed = z.object({ id: z.string(), status: z.literal("pending") })
