import { nameOf } from "../composer/file-names.ts"
import { formatDate, t } from "../i18n/index.ts"
import { isOld, type OutboxItem } from "../outbox/item.ts"
import { dropItem, inFlight, isDelayed, sendAgain } from "../outbox/send-outbox.ts"
import { isUsedUp, upgrade } from "../state/plan.ts"
import { AttachmentList } from "./attachment-list.tsx"
import type { Outgoing } from "./shown.ts"

/** A message that isn't at the service yet: it shows as sent, or says why it waits and what can be done. */
export function OutgoingView({ sent }: { sent: Outgoing }) {
  const { stopped } = sent
  const isRefused = stopped !== null && stopped !== "held"
  const isWaiting = !sent.isTaken && isDelayed(sent)
  return (
    <article
      class={`message prompt ${isRefused ? "unsent" : "sending"}`}
      aria-label={t.thread.you}
      data-outgoing={sent.key}
    >
      <AttachmentList
        attachments={sent.attachments.map((id) => ({ id, name: nameOf(id) ?? t.composer.someFile }))}
      />
      <p class="said" dir="auto">
        {sent.text}
      </p>
      {isRefused && <Refused sent={sent} words={stopped.message} code={stopped.code} />}
      {!isRefused && isOld(sent) && <Old sent={sent} />}
      {!isRefused && !isOld(sent) && isWaiting && (
        <div class="outgoing-state" role="status">
          <span>{stopped === "held" ? t.outbox.held : t.outbox.waiting}</span>
          <Remove sent={sent} />
        </div>
      )}
    </article>
  )
}

function Refused({ sent, words, code }: { sent: OutboxItem; words: string; code: string }) {
  return (
    <div class="failure" role="alert">
      <span>
        {t.thread.notSent} {words}
      </span>
      {code === "quota_exceeded" && isUsedUp.value ? (
        <button type="button" class="link" onClick={upgrade}>
          {t.composer.upgrade}
        </button>
      ) : (
        <Again sent={sent} label={t.common.retry} />
      )}
      <Remove sent={sent} />
    </div>
  )
}

/** After a day the service may have forgotten that it has taken the message, and the person that it was written. */
function Old({ sent }: { sent: OutboxItem }) {
  return (
    <div class="outgoing-state" role="status">
      <span>{t.outbox.old(formatDate(new Date(sent.at).toISOString()))}</span>
      <Again sent={sent} label={t.outbox.sendNow} />
      <Remove sent={sent} />
    </div>
  )
}

function Again({ sent, label }: { sent: OutboxItem; label: string }) {
  return (
    <button type="button" class="link" onClick={() => void sendAgain(sent)}>
      {label}
    </button>
  )
}

/** What the service may be taking just now can't be taken back. */
function Remove({ sent }: { sent: OutboxItem }) {
  if (inFlight.value.has(sent.key)) return null
  return (
    <button type="button" class="link" onClick={() => void dropItem(sent)}>
      {t.common.delete}
    </button>
  )
}
