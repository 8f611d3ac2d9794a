import { useEffect } from "preact/hooks"
import { Composer } from "../composer/composer.tsx"
import { NEW_DRAFT } from "../composer/drafts.ts"
import { t } from "../i18n/index.ts"
import { onRoomMade, outbox } from "../outbox/outbox.ts"
import { TemporarySwitch } from "../rooms/temporary-switch.tsx"
import { go, toRoom } from "../router.ts"
import { user } from "../state/session.ts"
import { whenIdle } from "../ui/turn.ts"
import { OutgoingView } from "./outgoing-view.tsx"
import { isBegunHere, startChat } from "./start-chat.ts"
import { TopBar } from "./top-bar.tsx"

/** A conversation that has no room yet: the first message makes it. */
export function NewChat() {
  const name = user.value?.name
  const waiting = outbox.value.filter(({ roomId }) => roomId === null)
  useRoomOnceMade()
  // A conversation is likely to be next.
  useEffect(() => whenIdle(() => void import("./messages.tsx").catch(() => undefined)), [])
  return (
    <main id="main" class="thread-page new" tabIndex={-1}>
      <TopBar>
        <TemporarySwitch />
      </TopBar>
      <div class="greeting">
        <h1>{name ? t.thread.greetingNamed(name) : t.thread.greeting}</h1>
      </div>
      {waiting.length > 0 && (
        <div class="outgoing-list">
          {waiting.map((sent) => (
            <OutgoingView key={sent.key} sent={sent} />
          ))}
        </div>
      )}
      <Composer draftKey={NEW_DRAFT} send={startChat} busyReplyId={null} />
    </main>
  )
}

/** Shows the room of a message that was written here as soon as there is one. */
function useRoomOnceMade(): void {
  const show = ({ keys, roomId }: { keys: string[]; roomId: string }) => {
    if (keys.some(isBegunHere)) go(toRoom(roomId))
  }
  useEffect(() => onRoomMade(show), [])
}
