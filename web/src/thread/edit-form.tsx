import { useSignal } from "@preact/signals"
import { useLayoutEffect, useRef } from "preact/hooks"
import type { Message } from "../api/client.ts"
import { isBlank, tooLong } from "../composer/text-length.ts"
import { toComposer } from "../composer/to-composer.ts"
import { t } from "../i18n/index.ts"
import { wordsOf } from "../ui/errors.ts"
import { isComposing, isTouched } from "../ui/keys.ts"
import { tell } from "../ui/toasts.ts"
import { changeInLine, isInLine, sendVersion } from "./edit-prompt.ts"
import type { Thread } from "./open-thread.ts"
import { placeOf } from "./reading-place.ts"
import type { View } from "./view.ts"

export function EditForm({
  thread,
  message,
  onDone,
}: {
  thread: Thread
  message: Message
  onDone: () => void
}) {
  const form = useRef<HTMLFormElement>(null)
  const field = useRef<HTMLTextAreaElement>(null)
  const problem = useSignal<string | null>(null)
  const isBusy = useSignal(false)
  useLayoutEffect(() => {
    field.current?.focus()
    field.current?.setSelectionRange(message.content.length, message.content.length)
    const article = form.current?.closest("article")
    if (article && thread.view) keepInSight(article, thread.view)
  }, [thread, message.content.length])

  function submit(event: Event) {
    event.preventDefault()
    const text = field.current?.value.trim() ?? ""
    problem.value = tooLong(text)
    if (isBlank(text) || problem.value) return
    if (text !== message.content && isInLine(thread, message.id)) return void change(text)
    if (text === message.content) return cancel()
    onDone()
    // The outbox keeps the text. The new version replaces this prompt.
    void sendVersion(thread, message, text)
    toComposer()
  }

  /** What was written stays until the service has it. */
  async function change(text: string) {
    if (isBusy.value) return
    isBusy.value = true
    problem.value = null
    try {
      if (!(await changeInLine(thread, message, text))) offerVersion(text)
      onDone()
    } catch (error) {
      problem.value = wordsOf(error)
    } finally {
      isBusy.value = false
    }
  }

  function cancel() {
    onDone()
    requestAnimationFrame(() => {
      thread.view?.noteMove()
      thread.view?.stayAtEnd()
    })
  }

  function offerVersion(text: string) {
    const run = () => void sendVersion(thread, message, text)
    tell(t.queue.begun, { action: { label: t.queue.asVersion, run } })
  }

  return (
    <form ref={form} class="edit" onSubmit={submit}>
      <textarea
        ref={field}
        aria-label={t.thread.editing}
        defaultValue={message.content}
        dir="auto"
        onKeyDown={(event) => {
          if (isComposing(event)) return
          if (event.key === "Escape") cancel()
          if (event.key === "Enter" && !event.shiftKey && !isTouched()) submit(event)
        }}
      />
      {problem.value && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      <div class="edit-actions">
        <button type="button" class="link" onClick={cancel}>
          {t.common.cancel}
        </button>
        <button type="submit" class="primary">
          {t.thread.sendEdited}
        </button>
      </div>
    </form>
  )
}

/** Between the top of what is scrolled and a form that has been out of sight, in px. */
const MARGIN_PX = 8

/** At the end what a form adds would move its own beginning out of sight. */
function keepInSight(article: Element, { area, isFollowing, keep }: View): void {
  const { current: scrolled } = area
  if (!scrolled) return
  const { below } = placeOf(scrolled, article)
  const added = isFollowing() ? scrolled.scrollHeight - scrolled.clientHeight - scrolled.scrollTop : 0
  if (below < added) keep({ element: article, share: 0, below: Math.max(below, MARGIN_PX) })
}
