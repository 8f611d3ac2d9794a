import { useSignal } from "@preact/signals"
import { useEffect, useLayoutEffect, useRef } from "preact/hooks"
import { t } from "../i18n/index.ts"
import { LoadingLines } from "./loading-lines.tsx"
import { MessageView } from "./message-view.tsx"
import { useNewestFirst } from "./newest-first.ts"
import type { Thread } from "./open-thread.ts"
import { OutgoingView } from "./outgoing-view.tsx"
import { useLostFocus } from "./use-lost-focus.ts"
import { useReveal } from "./use-reveal.ts"
import type { StickyScroll } from "./use-sticky-scroll.ts"
import type { View } from "./view.ts"
import { onLook } from "./wanted-facts.ts"

type Area = StickyScroll["area"]

/** The messages of a conversation. A part of its own, since what makes texts of Markdown takes long to begin. */
export function Messages({ thread, scroll }: { thread: Thread; scroll: StickyScroll }) {
  const list = useRef<HTMLDivElement>(null)
  const { ids, isWhole, isFilling, isFromBelow, showAll } = useNewestFirst(thread, scroll, list)
  const view: View = { ...scroll, showAll }
  thread.view = view
  useReveal(thread, view)
  useLayoutEffect(() => {
    if (thread.arrange?.(view)) thread.arrange = null
  })
  const noteFocus = useLostFocus(scroll.area)
  const outgoing = thread.outgoing.value
  const isLoading = thread.state.value === "loading" && outgoing.length === 0
  return (
    <>
      {(isLoading || isFilling) && <LoadingLines />}
      <div
        ref={list}
        class={`messages ${isFilling ? "filling" : ""} ${isFromBelow ? "from-below" : ""}`}
        onPointerMove={onLook}
        onFocusIn={(event) => {
          onLook(event)
          noteFocus(event.target)
        }}
      >
        <Older thread={thread} area={scroll.area} isWhole={isWhole} />
        {ids.map((id) => (
          <MessageView key={id} thread={thread} message={thread.message(id)} />
        ))}
        <Newer thread={thread} scroll={scroll} />
        {outgoing.map((sent) => (
          <OutgoingView key={sent.key} sent={sent} />
        ))}
      </div>
    </>
  )
}

/** Loads earlier messages when their place comes into sight. */
function Older({ thread, area, isWhole }: { thread: Thread; area: Area; isWhole: boolean }) {
  const sentinel = useRef<HTMLDivElement>(null)
  const more = thread.older.value
  const isLoading = useSignal(false)
  useEffect(() => {
    if (!isWhole || !more || !sentinel.current || !area.current) return
    const seen = new IntersectionObserver(
      async (changes) => {
        // Several come at once where the page was busy, and the last is true.
        if (!changes.at(-1)?.isIntersecting) return
        isLoading.value = true
        await thread.loadOlder()
        isLoading.value = false
      },
      { root: area.current, rootMargin: "400px 0px 0px" },
    )
    seen.observe(sentinel.current)
    return () => seen.disconnect()
  }, [thread, area, isWhole, more, isLoading])
  return (
    <div ref={sentinel} class="older">
      {((isWhole && more) || isLoading.value) && <span class="soft">{t.thread.older}</span>}
    </div>
  )
}

/** Loads later messages where older ones were looked for, when the end of these comes into sight. */
function Newer({ thread, scroll }: { thread: Thread; scroll: StickyScroll }) {
  const sentinel = useRef<HTMLDivElement>(null)
  const isThere = thread.isDetached.value
  // Observed anew after each page, which may leave the end in sight.
  const last = thread.branch.value.at(-1)
  useEffect(() => {
    if (!isThere || !sentinel.current) return
    const seen = new IntersectionObserver(
      async (changes) => {
        if (!changes.at(-1)?.isIntersecting) return
        let keep = () => {}
        await thread.loadNewer(() => {
          keep = scroll.hold("last")
        })
        requestAnimationFrame(keep)
      },
      { root: scroll.area.current, rootMargin: "0px 0px 400px" },
    )
    seen.observe(sentinel.current)
    return () => seen.disconnect()
  }, [thread, scroll.area, isThere, last])
  return (
    <div ref={sentinel} class="older">
      {isThere && <span class="soft">{t.thread.newer}</span>}
    </div>
  )
}
