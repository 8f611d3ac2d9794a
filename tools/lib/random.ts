import { createHash } from "node:crypto"

/** Numbers that a seed decides. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number
  /** A whole number, both ends included. */
  int(min: number, max: number): number
  pick<T>(items: readonly T[]): T
  chance(probability: number): boolean
  /** A stream of its own: what one part draws doesn't shift what another gets. */
  fork(label: string): Random
}

/** Mulberry32: small, fast, and as random as choosing when to kill a process needs. */
export function createRandom(seed: number | string): Random {
  let state = createHash("sha256").update(String(seed)).digest().readUInt32BE()
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return {
    next,
    int,
    pick<T>(items: readonly T[]): T {
      if (items.length === 0) throw new Error("there is nothing to pick from")
      return items[int(0, items.length - 1)] as T
    },
    chance: (probability) => next() < probability,
    fork: (label) => createRandom(`${seed} ${label}`),
  }
}
