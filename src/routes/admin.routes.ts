import {
  deleteSuspension,
  getAuditLog,
  getBillingEvents,
  getDeadLetters,
  getSystemState,
  getUser,
  patchUserRole,
  postBillingEventReplay,
  postDeadLetterRetry,
  postSuspension,
  searchUser,
} from "../controllers/admin.controller.ts"
import { FailedReply, Requeued } from "../schemas/admin.ts"
import { AuditEntry, BillingEvent, BillingEventPath, Replayed, SystemState } from "../schemas/admin-system.ts"
import { RoleChange, UserOverview, UserSearch } from "../schemas/admin-users.ts"
import { ById, PageQuery } from "../schemas/common.ts"
import { type Endpoint, get, post } from "./endpoint.ts"

const guards = { auth: "admin", limit: "write" } as const

export const adminRoutes: Endpoint[] = [
  get("/admin/replies", {
    summary: "List the replies that have failed, newest first",
    description: "With what they failed of, and how often they were tried.",
    ...guards,
    query: PageQuery,
    reply: { 200: FailedReply.array() },
    run: getDeadLetters,
  }),
  post("/admin/replies/:id/retry", {
    summary: "Queue a failed reply once more",
    description: "It is tried as often as a new one. The prompt is not charged again.",
    ...guards,
    audit: "retry_reply",
    params: ById,
    reply: { 202: Requeued },
    run: postDeadLetterRetry,
  }),
  post("/admin/users/search", {
    summary: "Find a user by number",
    description: "A POST, since a number in a URL would stand in the logs of every proxy.",
    ...guards,
    audit: "search_user",
    body: UserSearch,
    reply: { 200: UserOverview },
    errors: ["not_found"],
    run: searchUser,
  }),
  get("/admin/users/:id", {
    summary: "Get a user with quota, tier and why",
    description: "What they may do and how much they did today; nothing of what they wrote.",
    ...guards,
    audit: "view_user",
    params: ById,
    reply: { 200: UserOverview },
    run: getUser,
  }),
  post("/admin/users/:id/suspend", {
    summary: "Shut a user out",
    description:
      "They can't sign in, their tokens are dead within a second, their replies end as cancelled. Nothing is lost, and a subscription goes on.",
    ...guards,
    audit: "suspend_user",
    params: ById,
    reply: { 200: UserOverview },
    run: postSuspension,
  }),
  post("/admin/users/:id/unsuspend", {
    summary: "Let a user in again",
    description: "They sign in anew: the sessions of before stay ended.",
    ...guards,
    audit: "unsuspend_user",
    params: ById,
    reply: { 200: UserOverview },
    run: deleteSuspension,
  }),
  post("/admin/users/:id/role", {
    summary: "Make a user an admin, or take that back",
    description: "For who has `ADMIN_TOKEN`; admins can't make others.",
    ...guards,
    audit: "set_role",
    params: ById,
    body: RoleChange,
    reply: { 200: UserOverview },
    run: patchUserRole,
  }),
  get("/admin/billing/events", {
    summary: "List Stripe's events, newest first",
    description: "Their envelopes, which is all that is kept.",
    ...guards,
    query: PageQuery,
    reply: { 200: BillingEvent.array() },
    run: getBillingEvents,
  }),
  post("/admin/billing/events/:id/replay", {
    summary: "Handle an event of Stripe's once more",
    description: "The customer's state is read from Stripe and written down, so it is safe at any time.",
    ...guards,
    audit: "replay_billing_event",
    params: BillingEventPath,
    reply: { 202: Replayed },
    run: postBillingEventReplay,
  }),
  get("/admin/audit", {
    summary: "List what operators did, newest first",
    description: "Entries are never changed or deleted. Reading them isn't entered.",
    ...guards,
    query: PageQuery,
    reply: { 200: AuditEntry.array() },
    run: getAuditLog,
  }),
  get("/admin/system", {
    summary: "Get the state of the service",
    description: "Health, queues, workers, versions, and the configuration without secrets.",
    ...guards,
    reply: { 200: SystemState },
    run: getSystemState,
  }),
]
