import { ApiError } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { upgrade } from "../state/plan.ts"
import { wordsOf } from "../ui/errors.ts"
import type { Outgoing, Thread } from "./open-thread.ts"

/** A message that isn't at the service yet: it shows as sent, or says why it wasn't and what can be done. */
export function OutgoingView({ thread, sent }: { thread: Thread; sent: Outgoing }) {
  const { error } = sent
  return (
    <article class={`message prompt ${error ? "unsent" : "sending"}`} aria-label={t.thread.you}>
      <p class="said" dir="auto">
        {sent.text}
      </p>
      {error && (
        <div class="failure" role="alert">
          <span>
            {t.thread.notSent} {wordsOf(error)}
          </span>
          {error instanceof ApiError && error.code === "quota_exceeded" ? (
            <button type="button" class="link" onClick={upgrade}>
              {t.composer.upgrade}
            </button>
          ) : (
            <button type="button" class="link" onClick={() => thread.send(sent)}>
              {t.common.retry}
            </button>
          )}
          <button type="button" class="link" onClick={() => thread.dismiss(sent.key)}>
            {t.common.delete}
          </button>
        </div>
      )}
    </article>
  )
}
