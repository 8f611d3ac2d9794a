import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { invalid } from "../model/refusals.ts"

const CLAUSE = /^(?:(email|name|phone)|metadata\[(["'])(.+?)\2\]):(["'])(.*)\4$/

/** A search of customers by exact email, name, phone and metadata. Refuses any other query. */
export function searchCustomers(account: Account, { query, limit = 10 }: { query: string; limit?: number }) {
  const tests = query.split(/\s+AND\s+/i).map((clause) => testOf(clause.trim()))
  const found = account.store.all("customer").filter((customer) => tests.every((test) => test(customer)))
  return {
    object: "search_result",
    data: found.toReversed().slice(0, limit),
    has_more: found.length > limit,
    next_page: null,
    url: "/v1/customers/search",
  }
}

function testOf(clause: string): (customer: Stripe.Customer) => boolean {
  const match = CLAUSE.exec(clause)
  if (!match) throw invalid(`The simulator can't search for: ${clause}`, "query")
  const [, field, , key = "", , value = ""] = match
  if (field === "email" || field === "name" || field === "phone")
    return (customer) => customer[field] === value
  return (customer) => customer.metadata[key] === value
}
