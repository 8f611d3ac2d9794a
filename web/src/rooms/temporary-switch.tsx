import { t } from "../i18n/index.ts"
import { newRoomSettings } from "../thread/new-room.ts"
import { Icon } from "../ui/icons.tsx"

/** Whether the chat that is about to begin is a temporary one. */
export function TemporarySwitch() {
  const isOn = newRoomSettings.value.temporary === true
  const toggle = () => {
    newRoomSettings.value = { ...newRoomSettings.peek(), temporary: !isOn }
  }
  return (
    <button
      type="button"
      class="temporary-switch"
      aria-pressed={isOn}
      title={t.settings.temporaryHint}
      onClick={toggle}
    >
      <Icon name="clock" />
      {t.rooms.temporary}
    </button>
  )
}
