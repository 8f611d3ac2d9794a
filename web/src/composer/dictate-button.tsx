import { type ReadonlySignal, useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { t } from "../i18n/index.ts"
import { IconButton } from "../ui/icon-button.tsx"
import { tellNotLoaded } from "../ui/later.tsx"
import type { Dictation } from "./dictation.ts"

interface Props {
  text: ReadonlySignal<string>
  write(text: string): void
  /** Counts the messages that were sent: dictation ends with each. */
  sent: number
}

export function DictateButton({ text, write, sent }: Props) {
  /** Loaded when it is wanted. */
  const dictation = useSignal<Dictation | null>(null)
  useEffect(() => () => dictation.peek()?.cancel(), [sent])
  const isOn = dictation.value?.isOn.value === true

  async function toggle() {
    const loaded = await import("./dictation.ts").catch(tellNotLoaded)
    if (!loaded) return
    dictation.value ??= loaded.createDictation({ read: () => text.peek(), write })
    dictation.value.toggle()
  }
  return (
    <IconButton
      icon="microphone"
      label={isOn ? t.composer.dictating : t.composer.dictate}
      aria-pressed={isOn}
      onClick={() => void toggle()}
    />
  )
}
