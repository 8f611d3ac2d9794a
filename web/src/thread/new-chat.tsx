import { Composer } from "../composer/composer.tsx"
import { t } from "../i18n/index.ts"
import { user } from "../state/session.ts"
import { startChat } from "./start-chat.ts"
import { TopBar } from "./top-bar.tsx"

/** A conversation that has no room yet: the first message makes it. */
export function NewChat() {
  const name = user.value?.name
  return (
    <main id="main" class="thread-page new" tabIndex={-1}>
      <TopBar />
      <div class="greeting">
        <h1>{name ? t.thread.greetingNamed(name) : t.thread.greeting}</h1>
      </div>
      <Composer draftKey="new" send={startChat} busyReplyId={null} />
    </main>
  )
}
