import { z } from "zod"
import { adminRoute } from "../shared/admin.ts"
import { bookEntries } from "./books.ts"
import { ReplayEntry, ScriptEntry } from "./script.ts"
import type { State } from "./state.ts"

const ReplayBody = ReplayEntry.extend({
  body: z.base64().transform((text) => new Uint8Array(Buffer.from(text, "base64"))),
})
const Anything = z.unknown()

export function adminRoutes(state: State) {
  return [
    adminRoute("GET", "calls", Anything, () => ({ calls: state.calls.all })),
    adminRoute("GET", "books", Anything, () => ({
      models: state.books.all,
      calls: bookEntries(state.calls.all),
    })),
    adminRoute("GET", "script", Anything, () => ({ waiting: state.script.length })),
    adminRoute("POST", "script", z.union([ScriptEntry, z.array(ScriptEntry)]), (entries) => {
      state.script.add([entries].flat())
      return { waiting: state.script.length }
    }),
    adminRoute("DELETE", "script", Anything, () => {
      state.script.clear()
      return { waiting: 0 }
    }),
    adminRoute("POST", "replay", ReplayBody, (entry) => {
      state.script.addReplay(entry)
      return { waiting: state.script.length }
    }),
    adminRoute("POST", "release", Anything, () => state.release()),
    adminRoute("POST", "reset", Anything, () => state.reset()),
  ]
}
