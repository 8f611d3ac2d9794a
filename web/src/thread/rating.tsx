import { useSignal } from "@preact/signals"
import { useLayoutEffect } from "preact/hooks"
import { client, type Message } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { wordsOf } from "../ui/errors.ts"
import { IconButton } from "../ui/icon-button.tsx"
import { later } from "../ui/later.tsx"
import { tell } from "../ui/toasts.ts"

const ReasonForm = later(async () => (await import("./reason-form.tsx")).ReasonForm)

type Feedback = Message["feedback"]

/** Whether a reply was good, and why, for those who want to say. */
export function Rating({ message }: { message: Message }) {
  /** What was chosen here, until the message says the same. */
  const chosen = useSignal<Feedback | undefined>(undefined)
  const isAsked = useSignal(false)
  useLayoutEffect(() => {
    chosen.value = undefined
  }, [message.feedback, chosen])
  const shown = chosen.value === undefined ? message.feedback : chosen.value

  async function rate(feedback: Feedback): Promise<void> {
    const params = { id: message.chatroomId, messageId: message.id }
    chosen.value = feedback
    try {
      await client.call("PUT /chatroom/{id}/message/{messageId}/feedback", { params, body: feedback })
    } catch (error) {
      chosen.value = undefined
      isAsked.value = false
      tell(wordsOf(error))
    }
  }

  function press(rating: "up" | "down"): void {
    isAsked.value = shown?.rating !== rating
    void rate(isAsked.value ? { rating, reason: null } : null)
  }

  return (
    <>
      <IconButton
        icon="up"
        label={t.thread.good}
        aria-pressed={shown?.rating === "up"}
        onClick={() => press("up")}
      />
      <IconButton
        icon="thumbDown"
        label={t.thread.bad}
        aria-pressed={shown?.rating === "down"}
        onClick={() => press("down")}
      />
      {isAsked.value && shown && (
        <ReasonForm
          key={shown.rating}
          rating={shown.rating}
          onClose={() => (isAsked.value = false)}
          onReason={(reason) => {
            isAsked.value = false
            if (reason !== null) void rate({ rating: shown.rating, reason })
            tell(t.thread.thanks)
          }}
        />
      )}
    </>
  )
}
