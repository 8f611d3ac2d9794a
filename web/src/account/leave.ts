import { t } from "../i18n/index.ts"
import { outbox, readOutbox } from "../outbox/outbox.ts"
import { signOut } from "../state/session.ts"
import { tell } from "../ui/toasts.ts"

/** Signs out; where messages still wait to be sent, which go with the session, only when asked again. */
export async function leave(): Promise<void> {
  // A page that has just opened may not know of them yet.
  await readOutbox()
  const unsent = outbox.peek().length
  if (unsent === 0) return void signOut()
  tell(t.outbox.unsent(unsent), { action: { label: t.outbox.signOut, run: () => void signOut() } })
}
