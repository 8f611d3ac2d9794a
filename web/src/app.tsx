import { useSignalEffect } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { t } from "./i18n/index.ts"
import { RoomList } from "./rooms/room-list.tsx"
import { findRoom } from "./rooms/rooms.ts"
import { unreadCount } from "./rooms/unread.ts"
import { place } from "./router.ts"
import { appName } from "./state/service.ts"
import { isSignedIn } from "./state/session.ts"
import { NewChat } from "./thread/new-chat.tsx"
import { ThreadPage } from "./thread/thread-page.tsx"
import { Dialogs, onShortcut } from "./ui/dialogs.tsx"
import { later } from "./ui/later.tsx"
import { Toasts } from "./ui/toast-list.tsx"

const SignIn = later(async () => (await import("./account/sign-in.tsx")).SignIn)
const AccountPage = later(async () => (await import("./account/account-page.tsx")).AccountPage)

export function App() {
  useSignalEffect(() => {
    document.title = titleOf()
  })
  useEffect(() => {
    addEventListener("keydown", onShortcut)
    return () => removeEventListener("keydown", onShortcut)
  }, [])
  if (!isSignedIn.value) return <SignIn />
  return (
    <div class="app">
      <a class="skip" href="#main">
        {t.common.skip}
      </a>
      <RoomList />
      <Main />
      <Toasts />
      <Dialogs />
    </div>
  )
}

function Main() {
  const shown = place.value
  if (shown.at === "account") return <AccountPage />
  if (shown.at === "room") return <ThreadPage key={shown.id} id={shown.id} />
  return <NewChat />
}

function titleOf(): string {
  const shown = place.value
  const name = shown.at === "room" ? findRoom(shown.id)?.name : undefined
  const title = name ? `${name} · ${appName}` : appName
  return unreadCount.value > 0 ? `(${unreadCount.value}) ${title}` : title
}
