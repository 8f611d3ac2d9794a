import { Agent, request } from "node:http"
import { signatureOf } from "../../../simulators/stripe/delivery/signature.ts"

export interface DeliverOptions {
  url: string
  secret: string
  /** How often each event is sent. */
  copies: number
  /** The part of the events of which no copy arrives. */
  dropped: number
  atOnce: number
}

export interface Outcome {
  deliveries: number
  p50Ms: number
  p99Ms: number
}

/** Sends signed events in any order. @throws when one isn't acknowledged with 200 */
export async function deliverAll(events: readonly object[], options: DeliverOptions): Promise<Outcome> {
  const arriving = events.filter(() => Math.random() >= options.dropped)
  const bodies = arriving.map((event) => JSON.stringify(event))
  const parcels = shuffle(Array.from({ length: options.copies }, () => bodies).flat())
  const agent = new Agent({ keepAlive: true, maxSockets: options.atOnce })
  const waiting = parcels.values()
  const times: number[] = []
  await Promise.all(
    Array.from({ length: options.atOnce }, async () => {
      for (const body of waiting) times.push(await deliver(body, options, agent))
    }),
  )
  agent.destroy()
  times.sort((a, b) => a - b)
  const at = (part: number) => times[Math.floor(part * (times.length - 1))] as number
  return { deliveries: times.length, p50Ms: at(0.5), p99Ms: at(0.99) }
}

/** @returns how long the acknowledgement took, in milliseconds */
function deliver(body: string, { url, secret }: DeliverOptions, agent: Agent): Promise<number> {
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    const headers = {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
      "Stripe-Signature": signatureOf(body, secret, Math.floor(Date.now() / 1000)),
    }
    const sent = request(url, { method: "POST", agent, headers }, (response) => {
      response.resume()
      response.once("end", () => {
        if (response.statusCode === 200) resolve(performance.now() - startedAt)
        else reject(new Error(`An event was answered with ${response.statusCode}.`))
      })
    })
    sent.once("error", reject)
    sent.end(body)
  })
}

function shuffle<T>(items: T[]): T[] {
  const drawn = items.map((item) => ({ item, at: Math.random() }))
  return drawn.sort((a, b) => a.at - b.at).map(({ item }) => item)
}
