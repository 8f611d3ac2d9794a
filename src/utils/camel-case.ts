/** Renames the snake_case columns of a `pg` row to the camelCase names that models use. */
export function toCamelCase<T>(row: Record<string, unknown>): T {
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [camel(key), value])) as T
}

const known = new Map<string, string>()

function camel(key: string): string {
  let name = known.get(key)
  if (name === undefined) {
    name = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    known.set(key, name)
  }
  return name
}
