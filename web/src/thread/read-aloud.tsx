import { t } from "../i18n/index.ts"
import { IconButton } from "../ui/icon-button.tsx"
import { canSpeak, spoken } from "./speech/voices.ts"

/** Reads a reply aloud with a voice of the browser, where it has one, and stops. */
export function ReadAloud({ id, text }: { id: string; text: string }) {
  if (!canSpeak.value) return null
  const isSpoken = spoken.value === id
  async function toggle() {
    const { speak, stop } = await import("./speech/speak.ts")
    if (isSpoken) stop()
    else speak(id, text)
  }
  return (
    <IconButton
      icon={isSpoken ? "stop" : "speak"}
      label={isSpoken ? t.thread.stopReading : t.thread.readAloud}
      onClick={toggle}
    />
  )
}
