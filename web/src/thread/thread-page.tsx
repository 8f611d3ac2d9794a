import { useSignalEffect } from "@preact/signals"
import { useEffect, useMemo, useRef } from "preact/hooks"
import { Composer } from "../composer/composer.tsx"
import { t } from "../i18n/index.ts"
import { ArchivedNote } from "../rooms/archived-note.tsx"
import { findRoom } from "../rooms/rooms.ts"
import { TemporaryNote } from "../rooms/temporary-note.tsx"
import { toNew } from "../router.ts"
import { isOnline } from "../state/online.ts"
import { Icon } from "../ui/icons.tsx"
import { Announcer } from "./announcer.tsx"
import { holdPlace } from "./hold-place.ts"
import { MessageView } from "./message-view.tsx"
import { useNewestFirst } from "./newest-first.ts"
import { openThread, type Thread } from "./open-thread.ts"
import { OutgoingView } from "./outgoing-view.tsx"
import { isPreparing, printAll, printed } from "./print.ts"
import { StreamNote } from "./stream-note.tsx"
import { TopBar } from "./top-bar.tsx"
import { useReveal } from "./use-reveal.ts"
import { useStickyScroll } from "./use-sticky-scroll.ts"

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
  return (
    <main id="main" class="thread-page" tabIndex={-1}>
      <TopBar
        room={thread.state.value === "missing" ? undefined : room}
        more={[{ icon: "print", label: t.rooms.print, run: () => void printAll(thread) }]}
      />
      {room?.temporary && thread.state.value !== "missing" && <TemporaryNote room={room} />}
      {room && room.archivedAt !== null && thread.state.value !== "missing" && <ArchivedNote room={room} />}
      <Conversation thread={thread} />
    </main>
  )
}

function Conversation({ thread }: { thread: Thread }) {
  const scroll = useStickyScroll({ isPart: thread.isDetached.peek.bind(thread.isDetached) })
  const { ids, isWhole, showAll } = useNewestFirst(thread, scroll.area)
  useReveal(thread, { ...scroll, showAll })
  const toNewest = async () => {
    if (thread.isDetached.peek()) await thread.load()
    scroll.toEnd()
  }
  const state = thread.state.value
  if (state === "missing" || (state === "failed" && thread.branch.value.length === 0)) {
    return (
      <div class="greeting">
        <h1>{wordsFor(state)}</h1>
        {state === "missing" && (
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
      <div class="scroll" ref={scroll.area} onScroll={scroll.onScroll}>
        <div class="column" ref={scroll.content}>
          {isWhole && <Older thread={thread} area={scroll.area} />}
          {thread.isStale.value && <p class="soft note">{t.outbox.asItWas}</p>}
          {state === "loading" && thread.outgoing.value.length === 0 && <Waiting />}
          {ids.map((id) => (
            <MessageView key={id} thread={thread} message={thread.message(id)} />
          ))}
          <Newer thread={thread} area={scroll.area} />
          {thread.outgoing.value.map((sent) => (
            <OutgoingView key={sent.key} sent={sent} />
          ))}
        </div>
      </div>
      <div class="below">
        {(!scroll.isAtEnd.value || thread.isDetached.value) && (
          <button type="button" class="newest" onClick={toNewest}>
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

function wordsFor(state: "missing" | "failed"): string {
  if (state === "missing") return t.thread.missing
  return isOnline.value ? t.thread.failed : t.outbox.notKept
}

/** Loads earlier messages when their place comes into sight, and keeps what is read where it is. */
function Older({ thread, area }: { thread: Thread; area: { current: HTMLDivElement | null } }) {
  const sentinel = useRef<HTMLDivElement>(null)
  const more = thread.older.value
  useSignalEffect(() => {
    if (!thread.older.value || !sentinel.current || !area.current) return
    const scrolled = area.current
    const seen = new IntersectionObserver(
      async (changes) => {
        // Several come at once where the page was busy, and the last is true.
        if (!changes.at(-1)?.isIntersecting) return
        const keep = holdPlace(scrolled, "first")
        await thread.loadOlder()
        requestAnimationFrame(keep)
      },
      { root: scrolled, rootMargin: "400px 0px 0px" },
    )
    seen.observe(sentinel.current)
    return () => seen.disconnect()
  })
  return (
    <div ref={sentinel} class="older">
      {more && <span class="soft">{t.thread.older}</span>}
    </div>
  )
}

/** Loads later messages where older ones were looked for, when the end of these comes into sight. */
function Newer({ thread, area }: { thread: Thread; area: { current: HTMLDivElement | null } }) {
  const sentinel = useRef<HTMLDivElement>(null)
  const isThere = thread.isDetached.value
  // Observed anew after each page, which may leave the end in sight.
  const last = thread.branch.value.at(-1)
  useEffect(() => {
    if (!isThere || !sentinel.current) return
    const seen = new IntersectionObserver(
      async (changes) => {
        if (!changes.at(-1)?.isIntersecting || !area.current) return
        const keep = holdPlace(area.current, "last")
        await thread.loadNewer()
        requestAnimationFrame(keep)
      },
      { root: area.current, rootMargin: "0px 0px 400px" },
    )
    seen.observe(sentinel.current)
    return () => seen.disconnect()
  }, [thread, area, isThere, last])
  return (
    <div ref={sentinel} class="older">
      {isThere && <span class="soft">{t.thread.newer}</span>}
    </div>
  )
}

function Waiting() {
  return (
    <div class="waiting" role="status" aria-label={t.common.loading}>
      {["w50", "w90", "w70", "w80"].map((width) => (
        <span key={width} class={width} />
      ))}
    </div>
  )
}
