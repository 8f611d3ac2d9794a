import type { Message } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { Icon } from "../ui/icons.tsx"
import type { Live } from "./live.ts"
import type { Thread } from "./open-thread.ts"
import { Outcome } from "./outcome.tsx"
import { ReplyActions } from "./reply-actions.tsx"
import { isFinal } from "./shown.ts"
import { Sources } from "./sources.tsx"
import { Text } from "./text.tsx"
import { forWords, Waiting } from "./waiting.tsx"

/** A reply of the model: waiting, growing, or ended in one way or another. */
export function ReplyView({ thread, message }: { thread: Thread; message: Message }) {
  const isOver = isFinal(message)
  const live = isOver ? null : thread.live.of(message.id).value
  const text = live ? shown(live, message, "text") : message.content
  const thoughts = live ? shown(live, message, "thoughts") : message.thoughts
  return (
    <article
      class={`message reply ${isOver ? "" : "growing"} ${live?.old?.text ? "restarting" : ""}`}
      data-id={message.id}
      aria-label={t.thread.model}
      aria-busy={!isOver}
    >
      {thoughts !== "" && (
        <Thoughts
          text={thoughts}
          isGrowing={!isOver && text === ""}
          tookMs={thread.live.thoughtMs(message.id)}
        />
      )}
      {live?.old && <p class="soft note">{t.thread.restarting}</p>}
      {text === "" && !isOver && <Waiting thread={thread} message={message} />}
      {text !== "" && <Text text={text} isGrowing={!isOver} citations={message.citations} />}
      {isOver && (
        <>
          <Sources message={message} />
          <Outcome thread={thread} message={message} />
          <ReplyActions thread={thread} message={message} />
        </>
      )}
    </article>
  )
}

/**
 * What the row had when it was read may be newer than what the stream has told so far, or older. With another attempt it
 * is void, but stays in sight until there is something else.
 */
function shown(
  { old, isAgain, ...live }: Live,
  { content, thoughts }: Message,
  what: "text" | "thoughts",
): string {
  const row = what === "text" ? content : thoughts
  if (!isAgain) return live[what].length >= row.length ? live[what] : row
  return live[what] || old?.[what] || (old ? row : "")
}

const SHORT_MS = 1_000

function Thoughts({ text, isGrowing, tookMs }: { text: string; isGrowing: boolean; tookMs: number | null }) {
  const isTimed = tookMs !== null && tookMs >= SHORT_MS
  const after = isTimed ? t.thread.thoughtFor(forWords(tookMs)) : t.thread.thoughts
  return (
    <details class="thoughts">
      <summary>
        <Icon name="right" />
        {isGrowing ? t.thread.thinking : after}
      </summary>
      <Text text={text} isGrowing={isGrowing} />
    </details>
  )
}
