import { signal } from "@preact/signals"
import { client, type Endpoints } from "../api/client.ts"
import { onSession } from "./session.ts"

export type Model = Endpoints["GET /models"]["reply"][number]

/** The models that the user may choose; null until somebody has asked. */
export const models = signal<readonly Model[] | null>(null)

/** Asks for the models: what the tier may use changes. Without an answer what is known stays. */
export async function loadModels(): Promise<void> {
  models.value = await client.call("GET /models").catch(() => models.peek())
}

onSession(() => () => {
  models.value = null
})
