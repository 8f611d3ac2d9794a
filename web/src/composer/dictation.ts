import { signal } from "@preact/signals"
import { language, t } from "../i18n/index.ts"
import { tell } from "../ui/toasts.ts"

/** What browsers have of https://webaudio.github.io/web-speech-api/, which TypeScript doesn't know. */
interface Recognizer {
  lang: string
  continuous: boolean
  interimResults: boolean
  onresult: ((event: Heard) => void) | null
  onerror: ((event: { error: string }) => void) | null
  onend: (() => void) | null
  start(): void
  stop(): void
  abort(): void
}

interface Heard {
  results: ArrayLike<ArrayLike<{ transcript: string }>>
}

type Speech = { SpeechRecognition?: new () => Recognizer; webkitSpeechRecognition?: new () => Recognizer }

const Known = (window as Speech).SpeechRecognition ?? (window as Speech).webkitSpeechRecognition

interface Field {
  read(): string
  write(text: string): void
}

export type Dictation = ReturnType<typeof createDictation>

/** Dictation into a field: what is said is put behind what stands there, and corrected by the browser while it listens. */
export function createDictation({ read, write }: Field) {
  const isOn = signal(false)
  let recognizer: Recognizer | null = null

  function start(): void {
    if (!Known || recognizer) return
    const before = read()
    recognizer = new Known()
    recognizer.lang = language
    recognizer.continuous = true
    recognizer.interimResults = true
    recognizer.onresult = ({ results }) => {
      const said = Array.from(results, (result) => result[0]?.transcript ?? "").join("")
      write(joined(before, said))
    }
    recognizer.onerror = ({ error }) => {
      if (error === "not-allowed" || error === "service-not-allowed") tell(t.composer.noMicrophone)
      // Silence, and being stopped, are no failures.
      else if (error !== "no-speech" && error !== "aborted") tell(t.composer.dictationFailed)
    }
    recognizer.onend = end
    isOn.value = true
    recognizer.start()
  }

  function end(): void {
    recognizer = null
    isOn.value = false
  }

  return {
    isOn,
    toggle: () => (recognizer ? recognizer.stop() : start()),
    /** Takes nothing more, such as when the message is sent. */
    cancel() {
      recognizer?.abort()
      end()
    },
  }
}

function joined(before: string, said: string): string {
  const spoken = said.trimStart()
  return before === "" || /\s$/.test(before) ? before + spoken : `${before} ${spoken}`
}
