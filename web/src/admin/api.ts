import {
  ApiError,
  type Arguments,
  createClient,
  type Endpoint,
  type Page,
  type Reply,
} from "../../../packages/client/src/index.ts"

export type {
  Activity,
  AuditEntry,
  BillingEvent,
  DeadLetter,
  SystemState,
  UserOverview,
  UserUsage,
} from "../../../packages/client/src/index.ts"

/** The operators' API. The session is a cookie that no script can read. */
const api = createClient({ baseUrl: "" })

export const signInPath = "/admin/sign-in"

/** Calls the API. Where the session has ended, the sign-in comes instead of an answer. @throws {ApiError} */
export function call<E extends Endpoint>(endpoint: E, ...given: Arguments<E>): Promise<Reply<E>> {
  return orSignIn(api.call(endpoint, ...(given as [...Arguments<E>])))
}

/** Reads one page of a list, in the same way. @throws {ApiError} */
export function page<E extends Endpoint>(endpoint: E, ...given: Arguments<E>): Promise<Page<Reply<E>>> {
  return orSignIn(api.page(endpoint, ...(given as [...Arguments<E>])))
}

async function orSignIn<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401) || location.pathname === signInPath) throw error
    location.assign(signInPath)
    return new Promise(() => undefined)
  }
}
