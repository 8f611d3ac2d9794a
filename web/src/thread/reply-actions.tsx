import { client, type Message } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { copyName } from "../rooms/copy-name.ts"
import { changeRoom, putRoom } from "../rooms/rooms.ts"
import { go, toRoom } from "../router.ts"
import { isLimited } from "../state/plan.ts"
import { wordsOf } from "../ui/errors.ts"
import { IconButton } from "../ui/icon-button.tsx"
import { tell } from "../ui/toasts.ts"
import { CopyButton } from "./copy-button.tsx"
import { Facts } from "./facts.tsx"
import type { Thread } from "./open-thread.ts"
import { Rating } from "./rating.tsx"
import { ReadAloud } from "./read-aloud.tsx"
import { ReplyMenu } from "./reply-menu.tsx"
import { Versions } from "./versions.tsx"

/** What can be done with a reply that has ended. */
export function ReplyActions({ thread, message }: { thread: Thread; message: Message }) {
  const hasText = message.content !== ""
  const again = () => void thread.regenerate(message.id).catch((error: unknown) => tell(wordsOf(error)))

  async function fork() {
    try {
      const room = await client.fork({ chatroomId: thread.roomId, messageId: message.id })
      putRoom(room)
      go(toRoom(room.id))
      // The copy is there: without a name of its own it has the other's.
      await changeRoom(room, { name: copyName(room.name) })
    } catch (error) {
      tell(wordsOf(error))
    }
  }

  return (
    <div class="actions">
      <Versions thread={thread} message={message} />
      {hasText && <CopyButton label={t.thread.copyReply} text={() => message.content} />}
      {hasText && <ReadAloud id={message.id} text={message.content} />}
      {message.status !== "failed" && (
        <IconButton
          icon="again"
          label={t.thread.anotherVersion}
          title={isLimited.value ? `${t.thread.anotherVersion} (${t.thread.costs})` : t.thread.anotherVersion}
          onClick={again}
        />
      )}
      {hasText && (
        <>
          <IconButton icon="fork" label={t.thread.fork} onClick={fork} />
          <Rating message={message} />
        </>
      )}
      <ReplyMenu thread={thread} message={message} />
      <Facts message={message} />
    </div>
  )
}
