import type { TargetedPointerEvent } from "preact"
import { useEffect, useMemo } from "preact/hooks"
import { Composer } from "../composer/composer.tsx"
import { t } from "../i18n/index.ts"
import { ArchivedNote } from "../rooms/archived-note.tsx"
import { findRoom } from "../rooms/rooms.ts"
import { TemporaryNote } from "../rooms/temporary-note.tsx"
import { toNew } from "../router.ts"
import { isOnline } from "../state/online.ts"
import { Icon } from "../ui/icons.tsx"
import { later } from "../ui/later.tsx"
import { Announcer } from "./announcer.tsx"
import { LoadingLines } from "./loading-lines.tsx"
import { openThread, type Thread } from "./open-thread.ts"
import { OutgoingView } from "./outgoing-view.tsx"
import { isPreparing, printAll, printed } from "./print.ts"
import { StreamNote } from "./stream-note.tsx"
import { TopBar } from "./top-bar.tsx"
import { useStickyScroll } from "./use-sticky-scroll.ts"

/** After a tap its click comes sooner. */
const CLICKED_MS = 100

const Messages = later(async () => (await import("./messages.tsx")).Messages, LoadingLines)

/** A conversation, open as long as it is shown. */
export function ThreadPage({ id }: { id: string }) {
  const thread = useMemo(() => openThread(id), [id])
  useEffect(() => thread.close, [thread])
  useEffect(() => {
    printed.value = thread
    return () => {
      printed.value = null
    }
  }, [thread])
  const room = thread.room.value ?? findRoom(id)
  const isThere = !isGone(thread)
  return (
    <main id="main" class="thread-page" tabIndex={-1} onFocus={toMessages}>
      <TopBar
        room={isThere ? room : undefined}
        more={[{ icon: "print", label: t.rooms.print, run: () => void printAll(thread) }]}
      />
      {isThere && room?.temporary && <TemporaryNote room={room} />}
      {isThere && room && room.archivedAt !== null && <ArchivedNote room={room} />}
      <Conversation thread={thread} />
    </main>
  )
}

const isGone = ({ state }: Thread) => state.value === "missing" || state.value === "deleted"

/** The skip link leads to what keys scroll. */
function toMessages({ currentTarget }: FocusEvent): void {
  const messages = (currentTarget as HTMLElement).querySelector<HTMLElement>(".scroll")
  messages?.focus({ preventScroll: true })
}

function Conversation({ thread }: { thread: Thread }) {
  const scroll = useStickyScroll({ isPart: thread.isDetached.peek.bind(thread.isDetached) })
  const toNewest = async () => {
    if (thread.isDetached.peek()) await thread.load()
    scroll.toEnd()
  }
  const state = thread.state.value
  if (isGone(thread) || (state === "failed" && thread.branch.value.length === 0)) {
    return (
      <div class="greeting" role="alert">
        <h1>{wordsFor(state)}</h1>
        {isGone(thread) && (
          <a class="primary" href={toNew} data-inside>
            {t.rooms.new}
          </a>
        )}
        {state === "failed" && (
          <button type="button" class="primary" onClick={thread.load}>
            {t.common.retry}
          </button>
        )}
        {thread.outgoing.value.map((sent) => (
          <OutgoingView key={sent.key} sent={sent} />
        ))}
      </div>
    )
  }
  return (
    <>
      <div
        class="scroll"
        ref={scroll.area}
        onScroll={scroll.noteMove}
        tabIndex={-1}
        role="region"
        aria-label={t.thread.messages}
      >
        <div class="column" ref={scroll.content}>
          {thread.isStale.value && <p class="soft note">{t.outbox.asItWas}</p>}
          <Messages thread={thread} scroll={scroll} />
        </div>
      </div>
      <div class="below">
        {(!scroll.isAtEnd.value || thread.isDetached.value) && (
          <button
            type="button"
            class="newest"
            onPointerUp={clickUnlessClicked}
            onClick={() => {
              void toNewest()
              // The button goes.
              scroll.area.current?.focus({ preventScroll: true })
            }}
          >
            <Icon name="down" />
            {t.thread.newest}
          </button>
        )}
        {isPreparing.value && (
          <p class="note soft" role="status">
            {t.thread.preparing}
          </p>
        )}
        <StreamNote thread={thread} />
        <Composer
          draftKey={thread.roomId}
          thread={thread}
          busyReplyId={thread.busyReplyId.value}
          send={async (prompt) => {
            // Kept first: the way to the newest messages may be long.
            await thread.send(prompt)
            await toNewest()
          }}
        />
      </div>
      <Announcer thread={thread} />
    </>
  )
}

/** A tap that stops a fling is no click to a browser. One that is makes the button go before this. */
function clickUnlessClicked({ pointerType, currentTarget: button }: TargetedPointerEvent<HTMLElement>): void {
  if (pointerType === "touch") setTimeout(() => button.isConnected && button.click(), CLICKED_MS)
}

function wordsFor(state: Thread["state"]["value"]): string {
  if (state === "missing") return t.thread.missing
  if (state === "deleted") return t.thread.deleted
  return isOnline.value ? t.thread.failed : t.outbox.notKept
}
