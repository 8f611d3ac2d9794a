import { z } from "zod"

/** How events are delivered. */
export const DeliverySettings = z.strictObject({
  /** `held` collects them until they are released. */
  mode: z.enum(["live", "held"]).default("live"),
  /** The part of events that never arrives, 0 to 1. */
  drop: z.number().min(0).max(1).default(0),
  /** How many times more each one arrives. */
  duplicate: z.int().min(0).max(20).default(0),
  /** Delivers in any order. */
  shuffle: z.boolean().default(false),
  /** A pause before each, or the least and the most of it. */
  delayMs: z.union([z.number().min(0), z.tuple([z.number().min(0), z.number().min(0)])]).default(0),
  /** How many are in flight at once. */
  concurrency: z.int().min(1).max(100).default(1),
  /** Pauses before a failed one is tried again; Stripe's own last for days. */
  retryDelaysMs: z.array(z.number().min(0)).max(50).default([100, 400, 1600, 6400]),
  /** How long the receiver may take. */
  timeoutMs: z.number().positive().default(10_000),
  /** Makes drops, order and pauses the same each time. */
  seed: z.int().optional(),
})

export type DeliveryOptions = z.input<typeof DeliverySettings>
export type DeliverySettings = z.output<typeof DeliverySettings>

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export function randomOf(seed?: number): () => number {
  if (seed === undefined) return Math.random
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The same entries in any order. */
export function shuffled<T>(entries: T[], random: () => number): T[] {
  const drawn = entries.map((entry) => ({ entry, place: random() }))
  return drawn.sort((a, b) => a.place - b.place).map(({ entry }) => entry)
}
