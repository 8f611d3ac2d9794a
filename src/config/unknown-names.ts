/** A name in `.env` that isn't a setting, and the setting that it resembles. */
export interface UnknownName {
  name: string
  nearest: string | undefined
}

/** Finds the names that are no setting of ours and none of a program's that reads the same file. */
export function findUnknownNames(names: readonly string[], known: readonly string[]): UnknownName[] {
  return names
    .filter((name) => !known.includes(name) && !OTHERS.test(name))
    .map((name) => ({ name, nearest: nearestOf(name, known) }))
}

/** Variables of Node, libpq, Docker Compose, our compose.yaml and the system. */
const OTHERS =
  /^(?:NODE_(?:OPTIONS|EXTRA_CA_CERTS|USE_ENV_PROXY|DEBUG|COMPILE_CACHE|TLS_REJECT_UNAUTHORIZED)|UV_THREADPOOL_SIZE|PG[A-Z]+|POSTGRES_[A-Z_]+|COMPOSE_[A-Z_]+|STRIPE_PORT|DOCKER_[A-Z_]+|(?:https?|no|all)_proxy|TZ|LANG|LC_[A-Z]+|FORCE_COLOR|NO_COLOR)$/i

function nearestOf(name: string, known: readonly string[]): string | undefined {
  const upper = name.toUpperCase()
  const ranked = known
    .map((each) => ({ each, distance: distanceOf(upper, each) }))
    .sort((one, other) => one.distance - other.distance)
  const [best] = ranked
  return best && best.distance <= Math.max(2, Math.floor(name.length / 3)) ? best.each : undefined
}

/** Counts the insertions, deletions, replacements and swaps of neighbours between two words. */
function distanceOf(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, index) => index)]
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= other.length; j++) {
      const replaced = at(i - 1, j - 1) + (one[i - 1] === other[j - 1] ? 0 : 1)
      const isSwap = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      const swapped = isSwap ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY
      row.push(Math.min(replaced, swapped, at(i - 1, j) + 1, (row[j - 1] as number) + 1))
    }
  }
  return at(one.length, other.length)
}
