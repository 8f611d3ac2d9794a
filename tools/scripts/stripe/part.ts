/** What became of one part of the setup. In a dry run: what would. */
export interface Part {
  what: string
  /** Stripe's id; null where the part would only be made. */
  id: string | null
  state: "kept" | "changed" | "made"
  detail: string
}

/** By this the objects of this service are known from others in the same account. */
export const MARK = { app: "gemini-chat-backend" }

export function isOurs({ metadata }: Marked): boolean {
  return metadata?.app === MARK.app
}

interface Marked {
  metadata?: Record<string, string> | null
}

/** Finds the first of `all` that this service has made. */
export async function findOurs<T extends Marked>(all: AsyncIterable<T>): Promise<T | undefined> {
  for await (const each of all) if (isOurs(each)) return each
}

/** Whether `actual` says everything that `wanted` says, whatever else it says. */
export function includes(actual: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return actual === wanted
  if (typeof actual !== "object" || actual === null) return false
  return Object.entries(wanted).every(([key, value]) => includes(Reflect.get(actual, key), value))
}
