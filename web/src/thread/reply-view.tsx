import type { Message } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { Icon } from "../ui/icons.tsx"
import { isFinal, type Thread } from "./open-thread.ts"
import { Outcome } from "./outcome.tsx"
import { ReplyActions } from "./reply-actions.tsx"
import { Sources } from "./sources.tsx"
import { Text } from "./text.tsx"
import { Waiting } from "./waiting.tsx"

/** A reply of the model: waiting, growing, or ended in one way or another. */
export function ReplyView({ thread, message }: { thread: Thread; message: Message }) {
  const isOver = isFinal(message)
  const live = isOver ? null : thread.live.of(message.id).value
  const text = live ? (live.old ?? longer(live.text, message.content)) : message.content
  const thoughts = live ? longer(live.thoughts, message.thoughts) : message.thoughts
  return (
    <article
      class={`message reply ${isOver ? "" : "growing"} ${live?.old ? "restarting" : ""}`}
      aria-label={t.thread.model}
      aria-busy={!isOver}
    >
      {thoughts !== "" && <Thoughts text={thoughts} isGrowing={!isOver && text === ""} />}
      {live?.old !== null && live?.old !== undefined && <p class="soft note">{t.thread.restarting}</p>}
      {text === "" && !isOver && <Waiting thread={thread} message={message} />}
      {text !== "" && <Text text={text} isGrowing={!isOver} />}
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

/** What the row had when it was read may be newer than what the stream has told so far, or older. */
const longer = (one: string, other: string) => (one.length >= other.length ? one : other)

function Thoughts({ text, isGrowing }: { text: string; isGrowing: boolean }) {
  return (
    <details class="thoughts">
      <summary>
        <Icon name="right" />
        {isGrowing ? t.thread.thinking : t.thread.thoughts}
      </summary>
      <Text text={text} isGrowing={isGrowing} />
    </details>
  )
}
