import { useSignal } from "@preact/signals"
import { client, type Message } from "../api/client.ts"
import { formatCost, formatNumber, formatTime, t } from "../i18n/index.ts"
import { putRoom } from "../rooms/rooms.ts"
import { go, toRoom } from "../router.ts"
import { wordsOf } from "../ui/errors.ts"
import { IconButton } from "../ui/icon-button.tsx"
import { tell } from "../ui/toasts.ts"
import { CopyButton } from "./copy-button.tsx"
import type { Thread } from "./open-thread.ts"
import { ReplyMenu } from "./reply-menu.tsx"
import { Versions } from "./versions.tsx"

/** What can be done with a reply that has ended. */
export function ReplyActions({ thread, message }: { thread: Thread; message: Message }) {
  const rating = useSignal(message.feedback?.rating ?? null)
  const again = () => void thread.regenerate(message.id).catch((error: unknown) => tell(wordsOf(error)))

  async function fork() {
    try {
      const room = await client.fork({ chatroomId: thread.roomId, messageId: message.id })
      putRoom(room)
      go(toRoom(room.id))
    } catch (error) {
      tell(wordsOf(error))
    }
  }

  async function rate(to: "up" | "down") {
    const before = rating.value
    rating.value = before === to ? null : to
    const params = { id: thread.roomId, messageId: message.id }
    const body = rating.value === null ? null : { rating: rating.value }
    await client
      .call("PUT /chatroom/{id}/message/{messageId}/feedback", { params, body })
      .catch((error: unknown) => {
        rating.value = before
        tell(wordsOf(error))
      })
  }

  return (
    <div class="actions">
      <Versions thread={thread} message={message} />
      {message.content !== "" && <CopyButton label={t.thread.copyReply} text={() => message.content} />}
      {message.status !== "failed" && (
        <IconButton icon="again" label={t.thread.anotherVersion} onClick={again} />
      )}
      {message.content !== "" && (
        <>
          <IconButton icon="fork" label={t.thread.fork} onClick={fork} />
          <IconButton
            icon="up"
            label={t.thread.good}
            aria-pressed={rating.value === "up"}
            onClick={() => rate("up")}
          />
          <IconButton
            icon="thumbDown"
            label={t.thread.bad}
            aria-pressed={rating.value === "down"}
            onClick={() => rate("down")}
          />
        </>
      )}
      {message.content !== "" && <ReplyMenu message={message} />}
      <span class="facts">{factsOf(message).join(" · ")}</span>
    </div>
  )
}

/** Model, tokens, cost and time, as far as they are known. */
function factsOf({ model, usage, cost, completedAt }: Message): string[] {
  return [
    ...(model ? [model] : []),
    ...(usage ? [t.thread.tokens(formatNumber(usage.totalTokens))] : []),
    ...(cost ? [formatCost(cost)] : []),
    ...(completedAt ? [formatTime(completedAt)] : []),
  ]
}
