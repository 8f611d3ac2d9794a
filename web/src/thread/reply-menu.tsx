import type { Message } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { copy } from "../ui/copy.ts"
import { Menu, type MenuItem } from "../ui/menu.tsx"
import { tell } from "../ui/toasts.ts"
import { toPlainText } from "./markdown/plain-text.ts"

/** What is done with a reply less often. */
export function ReplyMenu({ message }: { message: Message }) {
  const items: MenuItem[] = [
    {
      icon: "copy",
      label: t.thread.copyText,
      async run() {
        if (await copy(toPlainText(message.content))) tell(t.thread.textCopied)
      },
    },
  ]
  return <Menu label={t.thread.more} items={items} />
}
