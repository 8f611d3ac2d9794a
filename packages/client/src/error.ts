import type { Problem, ProblemCode } from "./types.ts"

/** The service refused. Decide on `code`; `message` is for people. */
export class ApiError extends Error {
  readonly status: number
  /** A word of the service's, or one that a newer service has added. */
  readonly code: ProblemCode | (string & Record<never, never>)
  /** Null where something between answered that isn't the service. */
  readonly problem: Problem | null
  /** When to try again; 0 if unknown. */
  readonly retryAfterMs: number

  constructor(status: number, problem: Problem | null, retryAfterMs: number) {
    super(problem?.detail ?? `The server answered ${status}.`)
    this.name = "ApiError"
    this.status = status
    this.code = problem?.code ?? "unknown"
    this.problem = problem
    this.retryAfterMs = retryAfterMs
  }

  /** Reads a response that isn't a success. */
  static async from(response: Response): Promise<ApiError> {
    const isProblem = response.headers.get("content-type")?.startsWith("application/problem+json")
    const problem = isProblem ? ((await response.json()) as Problem) : null
    if (!isProblem) await response.body?.cancel()
    const seconds = Number(response.headers.get("retry-after") ?? 0)
    return new ApiError(response.status, problem, Number.isFinite(seconds) ? seconds * 1000 : 0)
  }
}
