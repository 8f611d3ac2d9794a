import { language } from "../../i18n/index.ts"
import { onSession } from "../../state/session.ts"
import { toPlainText } from "../markdown/plain-text.ts"
import { guessLanguage } from "./guess-language.ts"
import { toSentences } from "./sentences.ts"
import { localVoices, spoken } from "./voices.ts"

/** Reads a message aloud, instead of what was read before. */
export function speak(id: string, markdown: string): void {
  stop()
  const text = toPlainText(markdown, { isSpoken: true })
  const lang = guessLanguage(text) ?? language
  const voice = voiceFor(lang)
  const sentences = toSentences(text)
  if (sentences.length === 0 || !voice) return
  spoken.value = id
  sentences.forEach((sentence, index) => {
    const said = new SpeechSynthesisUtterance(sentence)
    said.lang = voice.lang
    said.voice = voice
    const isLast = index === sentences.length - 1
    const end = () => spoken.value === id && (spoken.value = null)
    if (isLast) said.onend = end
    said.onerror = end
    speechSynthesis.speak(said)
  })
}

export function stop(): void {
  spoken.value = null
  speechSynthesis.cancel()
}

/** A voice of the device, of the language where it has one, and rather its usual one. */
function voiceFor(lang: string): SpeechSynthesisVoice | undefined {
  const [name] = lang.toLowerCase().split("-")
  const all = localVoices()
  const ofLanguage = all.filter((voice) => voice.lang.toLowerCase().split(/[-_]/)[0] === name)
  const voices = ofLanguage.length > 0 ? ofLanguage : all
  return voices.find((voice) => voice.default) ?? voices[0]
}

// A page that is left isn't heard any more.
addEventListener("pagehide", stop)
onSession(() => stop)
