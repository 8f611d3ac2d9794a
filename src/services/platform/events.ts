import type { Logger } from "../../config/logger.ts"
import { billingEventClass } from "./billing-event-class.ts"
import type { Metrics } from "./metrics.ts"

/** Business events. Each function writes the log line and updates the metrics of one event. */
export type Events = ReturnType<typeof createEvents>

export function createEvents(log: Logger, metrics: Metrics) {
  return {
    ...adminEvents(log, metrics),
    ...userEvents(log, metrics),
    ...messageEvents(log, metrics),
    ...attachmentEvents(log, metrics),
    ...replyEvents(log, metrics),
    ...sharingEvents(log, metrics),
    ...transferEvents(log, metrics),
    ...billingEvents(log, metrics),
  }
}

function adminEvents(log: Logger, metrics: Metrics) {
  return {
    adminActed(fields: {
      actor: string
      action: string
      targetId: string | null
      requestId: string
      address: string
      outcome: string
    }) {
      log.info({ event: "admin_acted", ...fields }, "admin acted")
      metrics.adminActions.inc({ action: fields.action, outcome: fields.outcome })
    },
    adminRefused(fields: { address: string; requestId: string }) {
      log.warn({ event: "admin_refused", ...fields }, "admin sign-in refused")
      metrics.adminActions.inc({ action: "sign_in", outcome: "unauthenticated" })
    },
  }
}

function userEvents(log: Logger, metrics: Metrics) {
  return {
    signedUp(fields: { userId: string }) {
      log.info({ event: "signed_up", ...fields }, "signed up")
      metrics.signUps.inc()
    },
    signedIn(fields: { userId: string; sessionId: string; by: string }) {
      log.info({ event: "signed_in", ...fields }, "signed in")
      metrics.signIns.inc({ by: fields.by })
    },
    sessionEnded(fields: { userId: string; sessionIds: string[]; why: string }) {
      log.info({ event: "session_ended", ...fields }, "session ended")
      metrics.sessionsEnded.inc({ why: fields.why }, fields.sessionIds.length)
    },
    passwordChanged(fields: { userId: string }) {
      log.info({ event: "password_changed", ...fields }, "password changed")
    },
    mobileNumberChanged(fields: { userId: string }) {
      log.info({ event: "mobile_number_changed", ...fields }, "mobile number changed")
    },
    userDeleted(fields: { userId: string }) {
      log.info({ event: "user_deleted", ...fields }, "user deleted")
      metrics.usersDeleted.inc()
    },
    chatroomsExpired(fields: { why: "temporary" | "retention"; count: number }) {
      log.info({ event: "chatrooms_expired", ...fields }, "expired chatrooms erased")
      metrics.chatroomsExpired.inc({ why: fields.why }, fields.count)
    },
  }
}

function messageEvents(log: Logger, metrics: Metrics) {
  return {
    messageSent(fields: {
      userId: string
      chatroomId: string
      messageId: string
      replyId: string
      requestId: string
    }) {
      log.info({ event: "message_sent", ...fields }, "message sent")
      metrics.messagesSent.inc()
    },
    replyRated(fields: { userId: string; replyId: string; model: string | null; rating: string }) {
      log.info({ event: "reply_rated", ...fields }, "reply rated")
      metrics.repliesRated.inc({ model: fields.model ?? "none", rating: fields.rating })
    },
    /** Another version of a reply was asked for. */
    replyAdded(fields: {
      userId: string
      chatroomId: string
      replyId: string
      kind: "regenerate" | "continue"
      requestId: string
    }) {
      log.info({ event: "reply_added", ...fields }, "reply added")
      metrics.repliesAdded.inc({ kind: fields.kind })
    },
    promptEdited(fields: { userId: string; chatroomId: string; messageId: string; requestId: string }) {
      log.info({ event: "prompt_edited", ...fields }, "prompt edited")
      metrics.promptsEdited.inc()
    },
    /** A branch was copied into a new room; `copied` counts its messages. */
    chatroomForked(fields: {
      userId: string
      chatroomId: string
      from: string
      copied: number
      requestId: string
    }) {
      log.info({ event: "chatroom_forked", ...fields }, "chatroom forked")
      metrics.chatroomsForked.inc()
    },
    messageDeleted(fields: {
      userId: string
      chatroomId: string
      messageId: string
      /** With those that followed it. */
      count: number
      requestId: string
    }) {
      log.info({ event: "message_deleted", ...fields }, "message deleted")
      metrics.messagesDeleted.inc(fields.count)
    },
    /** A prompt stopped the reply that was being made. */
    replyInterrupted(fields: { userId: string; chatroomId: string; replyId: string; requestId: string }) {
      log.info({ event: "reply_interrupted", ...fields }, "reply interrupted")
      metrics.repliesInterrupted.inc()
    },
    quotaRefused(fields: { userId: string; tier: string; requestId: string }) {
      log.info({ event: "quota_refused", ...fields }, "prompt refused over quota")
      metrics.quotaRefused.inc({ tier: fields.tier })
    },
  }
}

/** Without names, which are the users' own words. */
function attachmentEvents(log: Logger, metrics: Metrics) {
  return {
    attachmentStored(fields: { userId: string; attachmentId: string; bytes: number; requestId: string }) {
      log.info({ event: "attachment_stored", ...fields }, "attachment stored")
      metrics.attachmentsStored.inc()
      metrics.attachmentBytes.inc(fields.bytes)
    },
    attachmentRefused(fields: { userId: string; code: string; requestId: string }) {
      log.info({ event: "attachment_refused", ...fields }, "attachment refused")
      metrics.attachmentsRefused.inc({ code: fields.code })
    },
  }
}

/** A metric is a floating-point number; the exact amounts are in the database. */
const PICO = 1e12

function replyEvents(log: Logger, metrics: Metrics) {
  return {
    replyStarted(fields: { replyId: string; attempt: number; requestId: string | null }) {
      log.info({ event: "reply_started", ...fields }, "reply started")
      metrics.attempts.inc()
    },
    replyFinished(fields: {
      replyId: string
      attempt: number
      requestId: string | null
      status: string
      code: string | null
      durationMs: number
      promptTokens: number | null
      outputTokens: number | null
      thoughtTokens: number | null
      totalTokens: number | null
      notices: string[]
    }) {
      log.info({ event: "reply_finished", ...fields }, "reply finished")
      const { status, code } = fields
      for (const notice of fields.notices) metrics.repliesNoticed.inc({ notice })
      metrics.repliesFinished.inc({ status, code: code ?? "none" })
      metrics.attemptSeconds.observe({ status }, fields.durationMs / 1000)
    },
    attemptFailed(fields: {
      replyId: string
      attempt: number
      requestId: string | null
      code: string
      err: unknown
    }) {
      log.warn({ event: "attempt_failed", ...fields }, "reply attempt failed")
      metrics.attemptsFailed.inc({ code: fields.code })
    },
    /** Nobody asked for a task, and nobody is told of its failure. */
    roomTaskEnded(fields: {
      chatroomId: string
      kind: string
      attempt: number
      outcome: string
      code?: string
      err?: unknown
    }) {
      log.debug({ event: "room_task_ended", ...fields }, "room task ended")
      metrics.roomTasks.inc({ kind: fields.kind, outcome: fields.outcome })
    },
    providerExhausted(fields: { model: string; reason: string; detail: string }) {
      log.error({ event: "provider_exhausted", ...fields }, "the provider's quota or credits are used up")
      metrics.providerExhausted.inc({ reason: fields.reason })
    },
    /** Of every call, those of attempts that were lost included. */
    callBilled({ model, cost, unpricedCalls }: { model: string; cost: bigint; unpricedCalls: number }) {
      metrics.cost.inc({ model }, Number(cost) / PICO)
      metrics.unpricedCalls.inc({ model }, unpricedCalls)
    },
    replyTakenOver(fields: { replyId: string; attempt: number }) {
      log.warn({ event: "reply_taken_over", ...fields }, "reply taken over from a silent worker")
      metrics.repliesTakenOver.inc()
    },
  }
}

function sharingEvents(log: Logger, metrics: Metrics) {
  return {
    shareChanged(fields: {
      userId: string
      shareId: string
      action: "created" | "updated" | "withdrawn" | "withdrawn_by_operator"
    }) {
      log.info({ event: "share_changed", ...fields }, "share changed")
      metrics.shares.inc({ action: fields.action })
    },
    shareCopied(fields: { userId: string; chatroomId: string; messages: number }) {
      log.info({ event: "share_copied", ...fields }, "shared conversation copied")
      metrics.shares.inc({ action: "copied" })
    },
  }
}

function transferEvents(log: Logger, metrics: Metrics) {
  return {
    importReceived(fields: { userId: string; importId: string; bytes: number; requestId: string }) {
      log.info({ event: "import_received", ...fields }, "import received")
      metrics.imports.inc({ result: "received" })
    },
    importRefused(fields: { userId: string; code: string; requestId: string }) {
      log.info({ event: "import_refused", ...fields }, "import refused")
      metrics.imports.inc({ result: "refused" })
    },
    importEnded(fields: {
      userId: string
      importId: string
      result: "completed" | "failed"
      code: string | null
    }) {
      log.info({ event: "import_ended", ...fields }, "import ended")
      metrics.imports.inc({ result: fields.result })
    },
  }
}

function billingEvents(log: Logger, metrics: Metrics) {
  return {
    entitlementChanged(fields: { userId: string; tier: string; reason: string; cause: string }) {
      log.info({ event: "entitlement_changed", ...fields }, "entitlement changed")
      metrics.entitlementsChanged.inc({ tier: fields.tier, reason: fields.reason })
    },
    billingEventReceived(fields: { eventId: string; type: string; repeated: boolean }) {
      log.info({ event: "billing_event_received", ...fields }, "billing event received")
      metrics.billingReceived.inc({
        class: billingEventClass(fields.type),
        repeated: String(fields.repeated),
      })
    },
    billingEventsHandled(fields: {
      customerId: string | null
      types: string[]
      outcome: "handled" | "unmatched"
    }) {
      const { types, ...rest } = fields
      log.info({ event: "billing_events_handled", ...rest, count: types.length }, "billing events handled")
      for (const type of types)
        metrics.billingHandled.inc({ class: billingEventClass(type), outcome: fields.outcome })
    },
    billingFailed(fields: { kind: string; err: unknown }) {
      log.warn({ event: "billing_failed", ...fields }, "billing work failed and will be retried")
      metrics.billingFailed.inc({ kind: fields.kind })
    },
    customerSynced(fields: { customerId: string; cause: string; changed: boolean }) {
      log.debug({ event: "customer_synced", ...fields }, "customer synced with Stripe")
      metrics.billingSyncs.inc({ cause: fields.cause, outcome: fields.changed ? "changed" : "unchanged" })
    },
    customerDeleted(fields: { customerId: string }) {
      log.info({ event: "customer_deleted", ...fields }, "Stripe customer of a deleted user deleted")
    },
    billingReconciled(fields: { checked: number; changed: number; failed: number }) {
      log.info({ event: "billing_reconciled", ...fields }, "billing reconciled")
    },
    billingNoticed(fields: { customerId: string; kind: string }) {
      log.warn({ event: "billing_noticed", ...fields }, "billing action needs an operator's attention")
      metrics.billingNotices.inc({ kind: fields.kind })
    },
  }
}
