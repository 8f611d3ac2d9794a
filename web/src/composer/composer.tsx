import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { t } from "../i18n/index.ts"
import { isOnline } from "../state/online.ts"
import { isUsedUp } from "../state/plan.ts"
import type { Thread } from "../thread/open-thread.ts"
import { useShownStop } from "../thread/use-stop.ts"
import { IconButton } from "../ui/icon-button.tsx"
import { readDraft, writeDraft } from "./drafts.ts"
import { PlanNote } from "./plan-note.tsx"

interface Props {
  /** Each room has a draft of its own. */
  draftKey: string
  thread?: Thread
  /** The reply in the making at the end of the conversation. */
  busyReplyId: string | null
  /** @returns whether the text has been taken over */
  send(text: string, attachments: string[]): Promise<boolean>
}

export function Composer({ draftKey, thread, busyReplyId, send }: Props) {
  const text = useSignal(readDraft(draftKey))
  const isBusy = useSignal(false)
  const field = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    if (!isTouched()) field.current?.focus({ preventScroll: true })
  }, [])

  function write(value: string) {
    text.value = value
    writeDraft(draftKey, value)
  }

  async function submit() {
    const message = text.value.trim()
    if (message === "" || isBusy.value) return
    isBusy.value = true
    const before = text.value
    write("")
    if (!(await send(message, []))) write(before)
    isBusy.value = false
    field.current?.focus()
  }

  function onKeyDown(event: KeyboardEvent) {
    // While an input method composes, Enter chooses a word. Safari says 229 after it has ended.
    if (event.isComposing || event.keyCode === 229) return
    if (event.key === "Enter" && !event.shiftKey && !isTouched()) {
      event.preventDefault()
      void submit()
    }
    if (event.key === "ArrowUp" && text.value === "") recall(event)
  }

  /** The last prompt comes back, to be changed and sent again. */
  function recall(event: KeyboardEvent) {
    const ids = thread?.branch.value ?? []
    const last = ids.findLast((id) => thread?.message(id).value.role === "user")
    if (!thread || last === undefined) return
    event.preventDefault()
    write(thread.message(last).value.content)
    requestAnimationFrame(() => field.current?.setSelectionRange(text.value.length, text.value.length))
  }

  const isStopping = busyReplyId !== null && text.value.trim() === ""
  return (
    <div class="composer-place">
      {!isOnline.value && <p class="note soft">{t.common.offline}</p>}
      <PlanNote />
      <form
        class="composer"
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <textarea
          ref={field}
          rows={1}
          dir="auto"
          aria-label={t.composer.label}
          placeholder={t.composer.placeholder}
          title={t.composer.hint}
          value={text}
          enterkeyhint="enter"
          onInput={({ currentTarget }) => write(currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        {isStopping && thread ? (
          <Stop thread={thread} replyId={busyReplyId} />
        ) : (
          <IconButton
            icon="send"
            label={t.composer.send}
            type="submit"
            class="send"
            disabled={text.value.trim() === "" || isUsedUp.value}
          />
        )}
      </form>
    </div>
  )
}

function Stop({ thread, replyId }: { thread: Thread; replyId: string }) {
  return (
    <IconButton icon="stop" label={t.composer.stop} class="send" onClick={useShownStop(thread, replyId)} />
  )
}

/** On a phone Enter makes a new line, as everywhere there, and the keyboard comes when it is asked for. */
const isTouched = () => matchMedia("(pointer: coarse)").matches
