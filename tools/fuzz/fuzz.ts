import fc from "fast-check"
import { operationsOf } from "../../src/routes/openapi/types.ts"
import type { Contract } from "../lib/contract.ts"
import { type Answer, type Call, createCaller } from "./call.ts"
import { type Actors, compose } from "./compose.ts"
import type { Draft } from "./draft.ts"
import { draftsOf } from "./drafts.ts"
import { bodyOf, judge, nameOf, parseJson } from "./judge.ts"
import { collectionsOf, createMemory } from "./memory.ts"
import { signIn } from "./user.ts"

export interface FuzzOptions {
  url: string
  contract: Contract
  adminToken: string
  webhookSecret: string
  requests: number
  seed: number
  signal: AbortSignal
  /** Called after each batch with the number of requests so far. */
  onProgress?: (sent: number) => void
}

export interface Fault {
  /** Which lane's which request: with the seed it is always the same. */
  place: string
  intent: string
  call: Call
  status: number | null
  faults: string[]
}

export interface FuzzResult {
  /** Some of them can't be sent. */
  drawn: number
  sent: number
  /** Answers by endpoint and status. */
  counts: Map<string, Map<number, number>>
  byIntent: Map<string, number>
  faults: Fault[]
  /** How many endpoints the document has. */
  endpoints: number
  /** Those that never answered 2xx: little of theirs was tried. */
  unreached: string[]
}

/** Users who are at it at the same time. */
const LANES = 4
const BATCH = 25
/** After so many it is clear that something is broken. */
const ENOUGH_FAULTS = 20
const FIRST_NUMBER = 4_000_000
/** Of every user, until they change it. */
const PASSWORD = "a password of the fuzzer's"

/**
 * Sends `requests` requests that are drawn from the document by `seed`, and judges every answer. What a lane draws
 * depends on the seed alone; what lanes do to each other depends on the clock.
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const caller = createCaller(options.url)
  const endpoints = operationsOf(options.contract.document).map(({ name }) => name)
  const result: FuzzResult = {
    drawn: 0,
    sent: 0,
    counts: new Map(),
    byIntent: new Map(),
    faults: [],
    endpoints: endpoints.length,
    unreached: [],
  }
  const lanes = Array.from({ length: LANES }, (_, lane) => runLane(options, caller, result, lane))
  try {
    await Promise.all(lanes)
  } finally {
    caller.close()
  }
  const statusesOf = (name: string) => [...(result.counts.get(name)?.keys() ?? [])]
  result.unreached = endpoints.filter((name) => !statusesOf(name).some((status) => status < 300))
  return result
}

type Caller = ReturnType<typeof createCaller>

async function runLane(
  options: FuzzOptions,
  caller: Caller,
  result: FuzzResult,
  lane: number,
): Promise<void> {
  const { contract, requests, seed, signal, adminToken, webhookSecret } = options
  const drafts = draftsOf(contract.document)
  let number = FIRST_NUMBER + ((seed % 10) * LANES + lane) * 100_000
  const collections = collectionsOf(Object.keys(contract.document.paths))
  const given = { adminToken, password: PASSWORD, collections }
  const newNumber = () => `+1202${number++}`
  const enter = () => signIn(caller, { ...given, mobileNumber: newNumber() }, newNumber())
  const operator = createMemory({ ...given, mobileNumber: newNumber() })
  const actors = { own: await enter(), other: await enter(), operator, adminToken, webhookSecret }
  const share = Math.ceil(requests / LANES)
  for (let done = 0; done < share && !signal.aborted && result.faults.length < ENOUGH_FAULTS; done += BATCH) {
    const numRuns = Math.min(BATCH, share - done)
    const batch = fc.sample(drafts, { seed: seedOf(seed, lane, done), numRuns })
    for (const [i, draft] of batch.entries()) {
      const place = `lane ${lane}, request ${done + i + 1}`
      const left = await perform({ contract, caller, result, place }, draft, actors)
      if (left) actors[left] = await enter()
    }
    options.onProgress?.(result.sent)
  }
}

function seedOf(seed: number, lane: number, done: number): number {
  return (Math.imul(seed, 0x9e3779b1) + Math.imul(lane + 1, 0x85ebca6b) + Math.imul(done, 0xc2b2ae35)) | 0
}

interface Performing {
  contract: Contract
  caller: Caller
  result: FuzzResult
  place: string
}

/** @returns who has to sign in again, if anybody */
async function perform(
  { contract, caller, result, place }: Performing,
  draft: Draft,
  actors: Actors,
): Promise<"own" | "other" | null> {
  result.drawn += 1
  const { call, params } = compose(draft, actors)
  const { intent, identity } = draft
  const answer = await caller.send(call).catch((error: Error) => error)
  if (answer instanceof Error) {
    // Node's own client refuses some of what would be sent; everything else is the server's doing.
    const isSendable = !(answer instanceof TypeError)
    if (isSendable)
      result.faults.push({ place, intent, call, status: null, faults: [String(answer.cause ?? answer)] })
    return null
  }
  const { status } = answer
  count(result, nameOf(contract, call), intent, status)
  const faults = judge(contract, draft, call, answer)
  if (faults.length > 0) result.faults.push({ place, intent, call, status, faults })
  learn(draft, call, params, answer, actors)
  if (identity !== "own" && identity !== "other") return null
  return isSignedOut(contract, call, answer) ? identity : null
}

/** Whether the user was deleted or signed out, or the token has expired. */
function isSignedOut(contract: Contract, { method, path }: Call, { status }: Answer): boolean {
  return status === 401 && contract.find(method, path)?.operation.security[0]?.accessToken !== undefined
}

function learn(
  { identity, template }: Draft,
  call: Call,
  params: Record<string, string>,
  answer: Answer,
  { own, other, operator }: Actors,
): void {
  if (answer.status >= 300 || template === "/openapi.json") return
  const { memory } = identity === "other" ? other : own
  const link = answer.headers.get("link")
  const lesson = { template, params, sent: sentIn(call), body: bodyOf(answer), link }
  memory.learn(lesson)
  operator.learn(lesson)
}

/** A hostile body may be anything. */
function sentIn({ body }: Call): unknown {
  try {
    return parseJson(body ?? "null")
  } catch {
    return null
  }
}

function count(result: FuzzResult, name: string, intent: string, status: number): void {
  const { counts, byIntent } = result
  result.sent += 1
  const statuses = counts.get(name) ?? new Map<number, number>()
  counts.set(name, statuses.set(status, (statuses.get(status) ?? 0) + 1))
  byIntent.set(intent, (byIntent.get(intent) ?? 0) + 1)
}
