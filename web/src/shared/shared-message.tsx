import type { SharedMessage } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { Sources } from "../thread/sources.tsx"
import { Text } from "../thread/text.tsx"
import { Icon } from "../ui/icons.tsx"

/** A message as it was shared: its text, names of files and sources. */
export function SharedMessageView({ message }: { message: SharedMessage }) {
  if (message.role === "model") {
    return (
      <article class="message reply" aria-label={t.thread.model}>
        <Text text={message.content} isGrowing={false} citations={message.citations} />
        <Sources message={message} />
        {message.status === "cancelled" && <p class="outcome soft">{t.thread.stopped}</p>}
      </article>
    )
  }
  return (
    <article class="message prompt" aria-label={t.shared.author}>
      <Files names={message.attachments.map(({ name }) => name)} />
      {message.content !== "" && (
        <p class="said" dir="auto">
          {message.content}
        </p>
      )}
    </article>
  )
}

function Files({ names }: { names: string[] }) {
  if (names.length === 0) return null
  return (
    <ul class="files">
      {names.map((name, index) => (
        <li key={index}>
          <Icon name="attach" />
          <span dir="auto">{name}</span>
        </li>
      ))}
    </ul>
  )
}
