import { client } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { putRoom } from "../rooms/rooms.ts"
import { go, toRoom } from "../router.ts"
import { onSession } from "../state/session.ts"
import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"
import { takeKept } from "./continue-later.ts"

/** Makes the copy that was asked for before the sign-in, and opens it. */
onSession(() => {
  const token = takeKept()
  if (token !== null) void makeCopy(token)
  return () => undefined
})

async function makeCopy(token: string): Promise<void> {
  try {
    const room = await client.continueShared(token)
    putRoom(room)
    go(toRoom(room.id))
  } catch (error) {
    tell(wordsOf(error, { not_found: t.shared.noneLead }))
  }
}
