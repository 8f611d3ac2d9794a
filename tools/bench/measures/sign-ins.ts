import { newId } from "../../../src/utils/ids.ts"
import type { Site } from "../helpers/site.ts"
import { mobileNumber, signIn } from "../helpers/users.ts"

const PARALLEL = 20

/** How often a second a number that is known asks for a code and signs in by it: two requests each. */
export async function measureSignIns({ url, pool }: Site, count: number): Promise<number> {
  const numbers = Array.from({ length: count }, (_, n) => mobileNumber(3_000_000 + n))
  await pool.query("INSERT INTO users (id, mobile_number) SELECT * FROM unnest($1::uuid[], $2::text[])", [
    numbers.map(newId),
    numbers,
  ])
  const waiting = numbers.values()
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: PARALLEL }, () => signInAll(url, waiting)))
  return (count / (performance.now() - startedAt)) * 1000
}

/** The iterator is shared: each number is signed in once. */
async function signInAll(url: string, waiting: Iterable<string>): Promise<void> {
  for (const number of waiting) await signIn(url, number)
}
