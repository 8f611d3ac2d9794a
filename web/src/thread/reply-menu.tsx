import type { Message } from "../api/client.ts"
import { levelInWords } from "../composer/settings.ts"
import { t } from "../i18n/index.ts"
import { loadModels, models } from "../state/models.ts"
import { plan } from "../state/plan.ts"
import { copy } from "../ui/copy.ts"
import { wordsOf } from "../ui/errors.ts"
import { Menu, type MenuItem } from "../ui/menu.tsx"
import { tell } from "../ui/toasts.ts"
import type { Another, Thread } from "./open-thread.ts"

/** What is done with a reply less often: it is copied as text, or made again by another model or with more thinking. */
export function ReplyMenu({ thread, message }: { thread: Thread; message: Message }) {
  const say = (error: unknown) => tell(wordsOf(error))
  const again = (label: string, how: Another): MenuItem => ({
    icon: "again",
    label,
    group: t.thread.anotherBy,
    run: () => void thread.regenerate(message.id, how).catch(say),
  })
  function itemsOf(): MenuItem[] {
    const offered = models.value ?? []
    // The level is for the room's model, which makes the reply where no other is named.
    const levels = offered.find(({ id }) => id === thread.room.value?.model)?.thinking ?? []
    return [
      ...(message.content === "" ? [] : [copyText(message.content)]),
      ...offered.filter(({ id }) => id !== message.model).map(({ id, name }) => again(name, { model: id })),
      ...levels.map((thinking) => again(`${t.settings.thinking}: ${levelInWords(thinking)}`, { thinking })),
    ]
  }
  return <Menu label={t.thread.more} items={itemsOf} note={costOfAnother} onOpen={loadModels} />
}

const copyText = (markdown: string): MenuItem => ({
  icon: "copy",
  label: t.thread.copyText,
  async run() {
    const { toPlainText } = await import("./markdown/plain-text.ts")
    if (await copy(toPlainText(markdown))) tell(t.thread.textCopied)
  },
})

/** What another reply costs, where prompts are counted. */
function costOfAnother(): string | null {
  const remaining = plan.value?.usage.remaining
  if (remaining === undefined || remaining === null) return null
  return t.thread.anotherCosts(t.composer.left(remaining))
}
