import { useSignal } from "@preact/signals"
import { useEffect, useMemo, useRef } from "preact/hooks"
import { t } from "../i18n/index.ts"
import { findRoom } from "../rooms/rooms.ts"
import { isOnline } from "../state/online.ts"
import { isUsedUp } from "../state/plan.ts"
import { newRoomSettings } from "../thread/new-room.ts"
import type { NewPrompt, Thread } from "../thread/open-thread.ts"
import { useShownStop } from "../thread/use-stop.ts"
import { IconButton } from "../ui/icon-button.tsx"
import { isComposing, isTouched } from "../ui/keys.ts"
import { COMMANDS_ID, optionId } from "./command-ids.ts"
import { DictateButton } from "./dictate-button.tsx"
import { readDraft, writeDraft } from "./drafts.ts"
import { PlanNote } from "./plan-note.tsx"
import { SEND_NOTE_ID, SendNote, whyNot } from "./send-note.tsx"
import { settingsInWords, settingsOf } from "./settings.ts"
import { isBlank } from "./text-length.ts"
import { toComposer } from "./to-composer.ts"
import { UploadList } from "./upload-list.tsx"
import { createUploads } from "./uploads.ts"
import { useCommandMenu } from "./use-command-menu.ts"
import { useDrop } from "./use-drop.ts"

const canDictate = "SpeechRecognition" in window || "webkitSpeechRecognition" in window

interface Props {
  /** Each room has a draft of its own. */
  draftKey: string
  thread?: Thread
  /** The reply in the making. Others may wait behind it. */
  busyReplyId: string | null
  /** Takes the message over: from then on it is kept, and sent when the service can be reached. */
  send(prompt: NewPrompt): Promise<void>
}

export function Composer({ draftKey, thread, busyReplyId, send }: Props) {
  const text = useSignal(readDraft(draftKey))
  const field = useRef<HTMLTextAreaElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const files = useMemo(createUploads, [])
  const isDropping = useDrop(files.add)
  const commands = useCommandMenu({ thread, text, clear: () => write("") })
  const { menu, List: CommandList } = commands
  const sent = useSignal(0)
  // What was chosen for a room stays behind with it, and isn't sent on.
  useEffect(() => files.clear, [files])
  useEffect(() => {
    if (!isTouched()) field.current?.focus({ preventScroll: true })
  }, [])

  function write(value: string) {
    text.value = value
    writeDraft(draftKey, isTemporary() ? "" : value)
  }

  /** A temporary room leaves no trace here. */
  function isTemporary(): boolean {
    if (!thread) return newRoomSettings.peek().temporary === true
    return (thread.room.peek() ?? findRoom(thread.roomId))?.temporary === true
  }

  function submit({ interrupts = false } = {}) {
    if (!canSend()) return
    sent.value += 1
    const attachments = files.uploads.value.flatMap(({ attachment }) => attachment.value?.id ?? [])
    void send({ text: text.value.trim(), attachments, interrupts })
    write("")
    files.clear()
    field.current?.focus()
  }

  /** Files that are on their way are waited for. */
  function canSend(): boolean {
    const isReady = files.uploads.value.every(({ attachment }) => attachment.value !== null)
    return !isBlank(text.value) && isReady && whyNot(text.value, files) === null && !isUsedUp.value
  }

  function onPaste(event: ClipboardEvent) {
    const pasted = [...(event.clipboardData?.files ?? [])]
    if (pasted.length === 0) return
    event.preventDefault()
    files.add(pasted)
  }

  function onKeyDown(event: KeyboardEvent) {
    if (isComposing(event)) return
    if (menu?.onKey(event)) return event.preventDefault()
    if (event.key === "Enter" && !event.shiftKey && !isTouched()) {
      event.preventDefault()
      submit({ interrupts: event.ctrlKey || event.metaKey })
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

  const settings = settingsInWords(settingsOf(thread))
  const obstacle = whyNot(text.value, files)
  const isMenuOpen = menu?.isOpen.value === true
  const isStopping = busyReplyId !== null && isBlank(text.value)
  return (
    <div class="composer-place">
      {!isOnline.value && <p class="note soft">{t.common.offline}</p>}
      <PlanNote />
      <UploadList files={files} />
      <SendNote words={obstacle} />
      {settings.length > 0 && <p class="settings-line">{settings.join(" · ")}</p>}
      {CommandList && menu && <CommandList menu={menu} />}
      <form
        class={`composer ${isDropping.value ? "dropping" : ""}`}
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={({ currentTarget }) => {
            files.add(currentTarget.files ?? [])
            currentTarget.value = ""
          }}
        />
        <IconButton icon="attach" label={t.composer.attach} onClick={() => picker.current?.click()} />
        <IconButton
          icon="settings"
          label={t.settings.open}
          aria-expanded={isMenuOpen}
          onClick={() => {
            if (isMenuOpen) menu?.close()
            else void commands.open()
            field.current?.focus()
          }}
        />
        <textarea
          ref={field}
          rows={1}
          dir="auto"
          aria-label={t.composer.label}
          placeholder={isDropping.value ? t.composer.dropHere : t.composer.placeholder}
          title={t.composer.hint}
          value={text}
          enterkeyhint="enter"
          aria-autocomplete="list"
          aria-controls={isMenuOpen ? COMMANDS_ID : undefined}
          aria-activedescendant={menu && isMenuOpen ? optionId(menu.active.value) : undefined}
          onBlur={() => menu?.close()}
          onInput={({ currentTarget }) => {
            write(currentTarget.value)
            void commands.onText(currentTarget.value)
          }}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        {canDictate && <DictateButton text={text} write={write} sent={sent.value} />}
        {isStopping && thread ? (
          <Stop thread={thread} replyId={busyReplyId} />
        ) : (
          <IconButton
            icon="send"
            label={t.composer.send}
            type="submit"
            class="send"
            disabled={!canSend()}
            aria-describedby={obstacle ? SEND_NOTE_ID : undefined}
          />
        )}
      </form>
    </div>
  )
}

/** The second press of a double click on what sends, or on what stops the reply before, isn't meant for this one. */
const DOUBLE_PRESS_MS = 500

function Stop({ thread, replyId }: { thread: Thread; replyId: string }) {
  const stop = useShownStop(thread, replyId)
  const isReady = useSignal(false)
  useEffect(() => {
    isReady.value = false
    const timer = setTimeout(() => (isReady.value = true), DOUBLE_PRESS_MS)
    return () => clearTimeout(timer)
  }, [replyId])
  const press = () => {
    if (!isReady.value) return
    stop()
    // The button goes.
    toComposer()
  }
  return (
    <IconButton
      icon="stop"
      label={t.composer.stop}
      class="send"
      aria-disabled={!isReady.value}
      onClick={press}
    />
  )
}
