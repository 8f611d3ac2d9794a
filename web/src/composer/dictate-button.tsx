import type { ReadonlySignal } from "@preact/signals"
import { useEffect, useMemo } from "preact/hooks"
import { t } from "../i18n/index.ts"
import { IconButton } from "../ui/icon-button.tsx"
import { createDictation } from "./dictation.ts"

interface Props {
  text: ReadonlySignal<string>
  write(text: string): void
  /** Counts the messages that were sent: dictation ends with each. */
  sent: number
}

export function DictateButton({ text, write, sent }: Props) {
  const dictation = useMemo(() => createDictation({ read: () => text.peek(), write }), [])
  useEffect(() => dictation.cancel, [dictation, sent])
  const isOn = dictation.isOn.value
  return (
    <IconButton
      icon="microphone"
      label={isOn ? t.composer.dictating : t.composer.dictate}
      aria-pressed={isOn}
      onClick={dictation.toggle}
    />
  )
}
