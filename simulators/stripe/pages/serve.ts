import type { Exchange } from "../../shared/server.ts"
import type { Reply } from "../idempotency.ts"
import { runDue } from "../model/run-due.ts"
import type { State } from "../state.ts"
import { showCheckout, submitCheckout } from "./checkout-page.ts"
import { showInvoice, submitInvoice } from "./invoice-page.ts"
import { messagePage } from "./layout.ts"
import { showPortal, submitPortal } from "./portal-page.ts"

const PATH = /^\/(c\/pay|p\/session|i)\/(\w+)(?:\/(cancel|resume|switch|card|advance|pdf))?$/

/** Whether a request is for a page rather than for the API. */
export function isPage(path: string): boolean {
  return !path.startsWith("/v1/") && !path.startsWith("/v2/")
}

/** Serves a page that a person sees. */
export async function servePage(state: State, { method, path, body }: Exchange): Promise<Reply> {
  const [, page, id = "", action = ""] = PATH.exec(path) ?? []
  const { account } = state
  const form = new URLSearchParams(await body())
  runDue(account)
  if (method === "POST") {
    if (page === "c/pay") return submitCheckout(state, id, form)
    if (page === "p/session") return submitPortal(account, id, action, form)
    if (page === "i") return submitInvoice(account, id)
  } else if (method === "GET" || method === "HEAD") {
    if (page === "c/pay") return showCheckout(state, id)
    if (page === "p/session") return showPortal(account, id)
    if (page === "i") return showInvoice(account, id)
  }
  return messagePage(
    "Nothing here",
    "This is a simulator of the Stripe API. Its README says what it serves.",
    404,
  )
}
