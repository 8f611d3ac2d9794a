import { signal } from "@preact/signals"

/** Whether the browser has a voice of its own. Some load theirs after the page. */
export const canSpeak = signal(false)

/** The message that is read aloud. */
export const spoken = signal<string | null>(null)

// Not in every browser, whatever its types say.
const speech = (globalThis as { speechSynthesis?: SpeechSynthesis }).speechSynthesis

/** Voices of this device: others send what they read to somebody's service. */
export const localVoices = () => speech?.getVoices().filter(({ localService }) => localService) ?? []

function look(): void {
  canSpeak.value = localVoices().length > 0
}

look()
speech?.addEventListener?.("voiceschanged", look)
