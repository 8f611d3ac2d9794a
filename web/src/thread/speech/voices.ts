import { signal } from "@preact/signals"

/** Whether the browser has a voice. Some load theirs after the page. */
export const canSpeak = signal(false)

/** The message that is read aloud. */
export const spoken = signal<string | null>(null)

// Not in every browser, whatever its types say.
const speech = (globalThis as { speechSynthesis?: SpeechSynthesis }).speechSynthesis

function look(): void {
  canSpeak.value = (speech?.getVoices().length ?? 0) > 0
}

look()
speech?.addEventListener?.("voiceschanged", look)
