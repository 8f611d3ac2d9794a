import type { Context } from "../../context.ts"

/** Returns the model that makes titles and summaries: the cheapest on offer, which operators list last. */
export function taskModel({ config: { gemini } }: Context): string {
  return gemini.models.at(-1)?.name ?? gemini.model
}
