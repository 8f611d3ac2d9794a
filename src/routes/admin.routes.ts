import {
  getActivity,
  getAuditLog,
  getBillingEvents,
  getDeadLetters,
  getFeedbackTotals,
  getSystemState,
  getUser,
  postBillingEventReplay,
  postDeadLetterRetry,
  postSuspension,
  postUnsuspension,
  postUserRole,
  searchUser,
} from "../controllers/admin.controller.ts"
import { postShareWithdrawal } from "../controllers/sharing.controller.ts"
import { getModelUsage, getUserUsage } from "../controllers/usage.controller.ts"
import { DeadLetter, FeedbackTotal, Requeued } from "../schemas/admin.ts"
import { Activity, ActivityQuery } from "../schemas/admin-activity.ts"
import { AuditEntry, BillingEvent, BillingEventPath, Replayed, SystemState } from "../schemas/admin-system.ts"
import { RoleChange, UserOverview, UserSearch } from "../schemas/admin-users.ts"
import { ById, PageQuery } from "../schemas/common.ts"
import { ReportedShare, WithdrawnShare } from "../schemas/sharing.ts"
import { ModelUsage, TopUsersQuery, UsageQuery, UserUsage } from "../schemas/usage.ts"
import { type Endpoint, get, post } from "./endpoint.ts"

const guards = { auth: "admin", limit: "write" } as const

export const adminRoutes: Endpoint[] = [
  get("/admin/replies", {
    summary: "List dead letters, newest first",
    description: "Replies that failed for good, with the error and the number of attempts.",
    ...guards,
    query: PageQuery,
    reply: { 200: DeadLetter.array() },
    run: getDeadLetters,
  }),
  post("/admin/replies/:id/retry", {
    summary: "Retry a dead letter",
    description: "Queues the failed reply with a fresh set of attempts. The prompt is not charged again.",
    ...guards,
    audit: "retry_reply",
    params: ById,
    reply: { 202: Requeued },
    run: postDeadLetterRetry,
  }),
  get("/admin/feedback", {
    summary: "Count the feedback on replies, by model",
    description: "Of all feedback that is stored. Reasons stay with their users.",
    ...guards,
    reply: { 200: FeedbackTotal.array() },
    run: getFeedbackTotals,
  }),
  post("/admin/users/search", {
    summary: "Find a user by mobile number",
    description: "A POST, because a number in a URL would end up in proxy logs.",
    ...guards,
    audit: "search_user",
    body: UserSearch,
    reply: { 200: UserOverview },
    errors: ["not_found"],
    run: searchUser,
  }),
  get("/admin/users/:id", {
    summary: "Get a user's account, quota and entitlement",
    description: "Shows tier, limits and usage, never messages.",
    ...guards,
    audit: "view_user",
    params: ById,
    reply: { 200: UserOverview },
    run: getUser,
  }),
  post("/admin/users/:id/suspend", {
    summary: "Suspend a user",
    description:
      "The user can't sign in, their tokens stop working within a second and replies in flight are cancelled. No data is deleted, and a subscription continues.",
    ...guards,
    audit: "suspend_user",
    params: ById,
    reply: { 200: UserOverview },
    run: postSuspension,
  }),
  post("/admin/users/:id/unsuspend", {
    summary: "Lift a suspension",
    description: "The user has to sign in again: earlier sessions stay ended.",
    ...guards,
    audit: "unsuspend_user",
    params: ById,
    reply: { 200: UserOverview },
    run: postUnsuspension,
  }),
  post("/admin/users/:id/role", {
    summary: "Grant or revoke the admin role",
    description: "Requires `ADMIN_TOKEN`; admins can't grant the role.",
    ...guards,
    audit: "set_role",
    params: ById,
    body: RoleChange,
    reply: { 200: UserOverview },
    run: postUserRole,
  }),
  post("/admin/shares/withdraw", {
    summary: "Withdraw a shared link",
    description:
      "Ends a link that was reported, at once. A POST, because the link in a URL would end up in proxy logs. Its owner can share again, unless they are suspended.",
    ...guards,
    audit: "withdraw_share",
    body: ReportedShare,
    reply: { 200: WithdrawnShare },
    errors: ["not_found"],
    run: postShareWithdrawal,
  }),
  get("/admin/billing/events", {
    summary: "List Stripe events, newest first",
    description: "Only the envelopes of the events are stored.",
    ...guards,
    query: PageQuery,
    reply: { 200: BillingEvent.array() },
    run: getBillingEvents,
  }),
  post("/admin/billing/events/:id/replay", {
    summary: "Replay a Stripe event",
    description: "Reads the customer's current state from Stripe and stores it, so replaying is always safe.",
    ...guards,
    audit: "replay_billing_event",
    params: BillingEventPath,
    reply: { 202: Replayed },
    run: postBillingEventReplay,
  }),
  get("/admin/usage", {
    summary: "Get usage and cost by model",
    description:
      "The sums of all users' replies, titles and summaries in a range of days, dearest first, those of erased accounts included.",
    ...guards,
    query: UsageQuery,
    reply: { 200: ModelUsage.array() },
    run: getModelUsage,
  }),
  get("/admin/usage/users", {
    summary: "Get the users who cost most",
    description: "Sums by user in a range of days, dearest first.",
    ...guards,
    audit: "list_user_usage",
    query: TopUsersQuery,
    reply: { 200: UserUsage.array() },
    run: getUserUsage,
  }),
  get("/admin/activity", {
    summary: "Get prompts, replies, failures, cost and latency over time",
    description:
      "Of all users together, from the database: the last day by the hour, or the last 30 days by the UTC day. Hours that are over are counted once, so neither a large table nor deleted rooms change them.",
    ...guards,
    query: ActivityQuery,
    reply: { 200: Activity },
    run: getActivity,
  }),
  get("/admin/audit", {
    summary: "List the audit log, newest first",
    description: "Entries are never changed or deleted. Reading the log isn't logged.",
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
