import type { IncomingMessage } from "node:http"
import type { Usage } from "./books.ts"
import type { Medium } from "./media.ts"
import type { Purpose } from "./purpose.ts"
import type { GenerateRequest } from "./request.ts"
import type { Route } from "./route.ts"

/** A reply up to one of its chunks: its text, thoughts left out, and what it had cost. */
export type Told = {
  characters: number
  /** SHA-256 of the text, in hex. */
  sha256: string
  /** In picodollars; null for a model without a price. */
  cost: number | null
}

/** What is known of one call. `status` is null until headers were sent, `endedAt` (ms) until it is over. */
export type Call = Omit<Route, "key"> & {
  id: number
  prompt: string
  purpose: Purpose
  contents: GenerateRequest["contents"]
  /** The files that came with it. */
  media: Medium[]
  request: GenerateRequest | null
  behaviour: string
  client: string
  status: number | null
  chunksSent: number
  aborted: boolean
  /** What it used, as far as it was sent; null: nothing was. */
  usage: Usage | null
  /** The reply after each chunk, as far as it was sent. */
  told: Told[]
  /** The response was sent to its end. */
  isWhole: boolean
  startedAt: number
  endedAt: number | null
}

/** The record of a call that has just arrived. */
export function newCall(id: number, { key: _, ...route }: Route, { headers }: IncomingMessage): Call {
  return {
    id,
    ...route,
    prompt: "",
    purpose: "reply",
    contents: [],
    media: [],
    request: null,
    behaviour: "",
    client: String(headers["x-goog-api-client"] ?? headers["user-agent"] ?? ""),
    status: null,
    chunksSent: 0,
    aborted: false,
    usage: null,
    told: [],
    isWhole: false,
    startedAt: Date.now(),
    endedAt: null,
  }
}
