import { z } from "zod"
import { ScriptQueue } from "../shared/script.ts"
import { type ErrorBody, Refused } from "./model/refusals.ts"

/** How calls of the API fail. */
export const Fault = z.strictObject({
  method: z.enum(["GET", "POST", "DELETE"]).optional(),
  /** The beginning of the paths it is for, or a regular expression between slashes. */
  path: z.string().refine(isReadable, "isn't a regular expression").default("/v1/"),
  /** For how many calls. */
  times: z.union([z.int().min(1), z.literal("all")]).default(1),
  /** The answer's status; `reset` ends the connection, `timeout` never answers, `slow` answers well after `delayMs`. */
  status: z.union([z.int().min(400).max(599), z.enum(["reset", "timeout", "slow"])]).default(500),
  /** `after`: the call has been done, only its answer is lost. */
  when: z.enum(["before", "after"]).default("before"),
  code: z.string().optional(),
  type: z
    .enum(["api_error", "card_error", "idempotency_error", "invalid_request_error", "rate_limit_error"])
    .optional(),
  message: z.string().optional(),
  /** The header `Stripe-Should-Retry`. */
  shouldRetry: z.boolean().optional(),
  delayMs: z.number().min(0).default(0),
})

export type FaultOptions = z.input<typeof Fault>
export type Fault = z.output<typeof Fault>

type Request = { method: string; path: string }

/** The queue of the faults for the next calls. */
export class InjectedFaults {
  readonly #queue = new ScriptQueue<Fault, Request>()

  /** Throws `ZodError`. */
  add(options: FaultOptions) {
    const fault = Fault.parse(options)
    const matches = matcher(fault.path)
    this.#queue.add(fault, fault.times, ({ method, path }) => {
      return (!fault.method || fault.method === method) && matches(path)
    })
  }

  take(request: Request): Fault | undefined {
    return this.#queue.take(request)
  }

  clear() {
    this.#queue.clear()
  }
}

/** The refusal that a fault with a status stands for. */
export function refusalOf({ status, code, type, message }: Fault): Refused {
  const number = typeof status === "number" ? status : 500
  const body: ErrorBody = {
    type: type ?? (number < 500 ? "invalid_request_error" : "api_error"),
    message: message ?? MESSAGES[number] ?? "An unknown error occurred",
    ...((code ?? CODES[number]) && { code: code ?? CODES[number] }),
  }
  return new Refused(number, body)
}

const MESSAGES: Record<number, string> = {
  409: "This object cannot be accessed right now because another API request or Stripe process is currently accessing it.",
  429: "Request rate limit exceeded. Learn more about rate limits at https://stripe.com/docs/rate-limits.",
}

const CODES: Record<number, string> = { 409: "lock_timeout", 429: "rate_limit" }

function matcher(path: string): (path: string) => boolean {
  const expression = expressionIn(path)
  if (expression === undefined) return (asked) => asked.startsWith(path)
  const pattern = new RegExp(expression)
  return (asked) => pattern.test(asked)
}

function expressionIn(path: string): string | undefined {
  // The beginning of every path isn't meant as an expression.
  return path === "/v1/" ? undefined : /^\/(.+)\/$/.exec(path)?.[1]
}

function isReadable(path: string): boolean {
  try {
    return matcher(path) !== undefined
  } catch {
    return false
  }
}
