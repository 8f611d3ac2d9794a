import { z } from "zod"
import { SECOND } from "../../utils/time.ts"

/** Stripe's times are Unix time in seconds. */
export const Timestamp = z.number().transform((seconds) => new Date(seconds * SECOND))

export const MaybeTimestamp = Timestamp.nullish().transform((time) => time ?? null)
