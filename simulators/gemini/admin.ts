import { z } from "zod"
import { DirectiveError } from "./directives.ts"
import { invalidArgument } from "./errors.ts"
import { type Plan, planFailure, planJson, planPage } from "./plan.ts"
import { ReplayEntry, ScriptEntry } from "./script.ts"
import type { State } from "./state.ts"

const ScriptBody = z.union([ScriptEntry, z.array(ScriptEntry)])

const ReplayBody = ReplayEntry.extend({
  body: z.base64().transform((text) => new Uint8Array(Buffer.from(text, "base64"))),
})

type Action = (state: State, body: string) => unknown

const ACTIONS: Record<string, Action> = {
  "GET /__admin/calls": (state) => ({ calls: state.calls.all }),
  "GET /__admin/script": (state) => ({ waiting: state.script.length }),
  "POST /__admin/script": addScript,
  "DELETE /__admin/script": clearScript,
  "POST /__admin/replay": addReplay,
  "POST /__admin/reset": reset,
}

/** What a call of the admin routes gets. They take no key: the simulator listens on loopback. */
export function planAdmin(state: State, verb: string, path: string, body: string): Plan {
  const action = ACTIONS[`${verb} ${path}`]
  if (!action) return planPage(404, "Not Found")
  try {
    return planJson(action(state, body))
  } catch (error) {
    const message = complaint(error)
    if (message === undefined) throw error
    return planFailure(invalidArgument(message))
  }
}

function addScript(state: State, body: string) {
  const entries = ScriptBody.parse(JSON.parse(body))
  state.script.add(Array.isArray(entries) ? entries : [entries])
  return { waiting: state.script.length }
}

function addReplay(state: State, body: string) {
  state.script.addReplay(ReplayBody.parse(JSON.parse(body)))
  return { waiting: state.script.length }
}

function clearScript(state: State) {
  state.script.clear()
  return { waiting: 0 }
}

function reset(state: State) {
  state.reset()
  return {}
}

function complaint(error: unknown): string | undefined {
  if (error instanceof z.ZodError) return z.prettifyError(error)
  if (error instanceof DirectiveError || error instanceof SyntaxError) return error.message
  return undefined
}
