import { useSignal } from "@preact/signals"
import { formatNumber } from "../i18n/index.ts"
import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"
import { call, type UserOverview } from "./api.ts"
import { ConfirmDialog, type Question } from "./confirm-dialog.tsx"
import { Facts } from "./facts.tsx"
import { formatAmount, formatUtc } from "./format.ts"
import { w } from "./words/index.ts"

/** A user's account, quota, cost and plan, and what an operator may change. No texts: they are the user's. */
export function UserView({ user, onChange }: { user: UserOverview; onChange(user: UserOverview): void }) {
  const words = w.users
  return (
    <div class="user">
      <h2>{user.name ?? user.mobileNumber ?? words.deleted}</h2>
      {user.suspendedAt && <p class="failure">{words.suspendedSince(formatUtc(user.suspendedAt))}</p>}
      <div class="user-facts">
        <div>
          <h3>{words.quota}</h3>
          <Quota user={user} />
          <h3>{words.entitlement}</h3>
          <Entitlement user={user} />
        </div>
        <div>
          <h3>{words.account}</h3>
          <Account user={user} />
        </div>
      </div>
      <Changes user={user} onChange={onChange} />
    </div>
  )
}

function Quota({ user: { quota, usage } }: { user: UserOverview }) {
  const words = w.users
  const cost = usage.cost ? formatAmount(usage.cost) : words.unpriced
  const month = `${formatNumber(usage.prompts)} · ${cost}`
  if (!quota) return <Facts of={[[words.month, month]]} />
  const { used, limit, resetsAt } = quota
  return (
    <Facts
      of={[
        [words.used, words.of(formatNumber(used), limit === null ? words.noLimit : formatNumber(limit))],
        [words.resets, formatUtc(resetsAt)],
        [words.month, month],
      ]}
    />
  )
}

function Entitlement({ user: { entitlement } }: { user: UserOverview }) {
  if (!entitlement) return <p>—</p>
  const words = w.users
  const until = entitlement.until === "infinity" ? words.noEnd : formatUtc(entitlement.until)
  return (
    <Facts
      of={[
        [words.tier, entitlement.tier],
        [words.reason, entitlement.reason],
        [words.cause, entitlement.cause],
        [words.since, formatUtc(entitlement.since)],
        [words.until, until],
        [words.subscription, entitlement.subscriptionId],
        [words.status, entitlement.subscriptionStatus],
      ]}
    />
  )
}

function Account({ user }: { user: UserOverview }) {
  const words = w.users
  return (
    <Facts
      of={[
        [words.id, <span class="id">{user.id}</span>],
        [words.number, user.mobileNumber],
        [words.role, user.role],
        [words.signedUp, formatUtc(user.createdAt)],
        [words.verified, formatUtc(user.verifiedAt)],
        [words.deletedAt, user.deletedAt && formatUtc(user.deletedAt)],
        [words.password, user.hasPassword ? w.yes : w.no],
        [words.sessions, formatNumber(user.openSessions)],
        [words.rooms, formatNumber(user.chatrooms)],
        [words.unfinished, formatNumber(user.unfinishedReplies)],
      ]}
    />
  )
}

function Changes({ user, onChange }: { user: UserOverview; onChange(user: UserOverview): void }) {
  const asked = useSignal<Question | null>(null)
  const words = w.users
  const params = { id: user.id }
  const setRole = (role: UserOverview["role"]) =>
    call("POST /admin/users/{id}/role", { params, body: { role } })
  const apply = async (change: () => Promise<UserOverview>) => {
    try {
      onChange(await change())
      tell(words.done)
    } catch (error) {
      tell(wordsOf(error))
    }
  }
  const ask = (title: string, text: string, change: () => Promise<UserOverview>) => () => {
    asked.value = { title, text, confirm: () => apply(change) }
  }
  const suspend = () => call("POST /admin/users/{id}/suspend", { params })
  const isAdmin = user.role === "admin"
  return (
    <p class="actions">
      {user.suspendedAt ? (
        <button
          type="button"
          class="secondary"
          onClick={() => apply(() => call("POST /admin/users/{id}/unsuspend", { params }))}
        >
          {words.unsuspend}
        </button>
      ) : (
        <button type="button" class="secondary" onClick={ask(words.suspend, words.suspendAsk, suspend)}>
          {words.suspend}
        </button>
      )}
      <button
        type="button"
        class="secondary"
        onClick={
          isAdmin
            ? ask(words.removeAdmin, words.removeAdminAsk, () => setRole("user"))
            : ask(words.makeAdmin, words.makeAdminAsk, () => setRole("admin"))
        }
      >
        {isAdmin ? words.removeAdmin : words.makeAdmin}
      </button>
      {asked.value && <ConfirmDialog {...asked.value} onClose={() => (asked.value = null)} />}
    </p>
  )
}
