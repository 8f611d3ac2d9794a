import type { Context } from "../../context.ts"
import { cheapestModel } from "../../usage/cheapest-model.ts"
import { readToday } from "../../usage/model-usage.ts"

/** Returns the model that makes titles and summaries: the cheapest on offer. */
export async function taskModel({ config, db }: Context): Promise<string> {
  return cheapestModel(config.gemini, await readToday(db.pool))
}
