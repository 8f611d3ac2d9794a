import { createHash } from "node:crypto"
import type { Call } from "./calls.ts"
import { type Behaviour, directivesIn, resolveDirectives, withoutDirectives } from "./directives.ts"
import { invalidKey, missingKey, modelNotFound, Refused } from "./errors.ts"
import { checkMedia, withoutLongData } from "./media.ts"
import { isServed, modelEntry, modelList } from "./models.ts"
import { type Plan, planBytes, planFailure, planJson, planReply } from "./plan.ts"
import { taskOf, textOfTask } from "./purpose.ts"
import {
  continuedBy,
  countTokens,
  promptText,
  readCountRequest,
  readGenerateRequest,
  tokenDetails,
} from "./request.ts"
import type { Route } from "./route.ts"
import type { Cue, Replay } from "./script.ts"
import type { State } from "./state.ts"

/** Works out what a call of the API gets; fills in the call's record on the way. */
export async function planCall(
  state: State,
  route: Route,
  readBody: () => Promise<string>,
  call: Call,
): Promise<Plan> {
  try {
    const body = await readBody()
    requireKey(route)
    requireModel(route)
    const generates = route.method === "generateContent" || route.method === "streamGenerateContent"
    return (generates ? planGenerate : planOther)(state, route, body, call)
  } catch (error) {
    if (error instanceof Refused) return planFailure(error.failure, route.form)
    throw error
  }
}

function planGenerate(state: State, route: Route, body: string, call: Call): Plan {
  const request = readGenerateRequest(body, route.model)
  const media = checkMedia(request, state)
  const prompt = promptText(request)
  const task = taskOf(request)
  const purpose = task?.purpose ?? "reply"
  const kept = withoutLongData(request)
  Object.assign(call, { request: kept, prompt, purpose, contents: kept.contents, media })
  const continued = continuedBy(request)
  const saying = task ? textOfTask(task) : continued ? promptText(continued.before) : prompt
  const written = directivesIn(saying, purpose)
  const counted = continued ? saying : prompt
  const asked = resolveDirectives(written, written.length > 0 ? state.countPrompt(counted) : 0)
  const cue = state.script.take({ ...route, prompt, purpose })
  if (cue && "replay" in cue) return planReplay(cue.replay, call)
  const behaviour = { ...asked, ...behaviourOf(cue, prompt) }
  call.behaviour = summary(behaviour)
  const cachedTokens = behaviour.fault ? 0 : state.prefixes.read(route.model, request)
  const responseId = responseIdOf(call.id, body)
  const context = { model: route.model, request, media, task, cachedTokens, behaviour, responseId }
  return planReply(route.form, context, state.chunkDelayMs)
}

/** Only a script reaches these calls: a directive in a prompt is for the reply to that prompt. */
function planOther(state: State, route: Route, body: string, call: Call): Plan {
  const answer = route.method === "countTokens" ? countAnswer(body, call) : modelAnswer(route)
  const cue = state.script.take({ ...route, prompt: call.prompt, purpose: "reply" })
  if (!cue) return planJson(answer)
  if ("replay" in cue) return planReplay(cue.replay, call)
  call.behaviour = summary(cue.behaviour)
  const request = { contents: [], generationConfig: {} }
  const faulty = planReply(
    "unary",
    { model: route.model, request, behaviour: cue.behaviour, responseId: "" },
    state.chunkDelayMs,
  )
  return faulty.status >= 400 || faulty.opening !== "answer" ? faulty : planJson(answer)
}

function countAnswer(body: string, call: Call) {
  const request = readCountRequest(body)
  Object.assign(call, { request, prompt: promptText(request), contents: request.contents })
  const counted = countTokens(request)
  return { totalTokens: counted.text + counted.image, promptTokensDetails: tokenDetails(counted) }
}

function modelAnswer({ method, model }: Route) {
  return method === "listModels" ? modelList() : modelEntry(model)
}

function planReplay({ body, ending, ...options }: Replay, call: Call): Plan {
  call.behaviour = "replay"
  return { ...planBytes(Buffer.from(body), options), ending }
}

function behaviourOf(cue: Cue | undefined, prompt: string): Behaviour {
  if (!cue || !("behaviour" in cue)) return {}
  const { echoRest, ...behaviour } = cue.behaviour
  return echoRest ? { ...behaviour, echo: withoutDirectives(prompt) } : behaviour
}

function summary(behaviour: Behaviour): string {
  return Object.entries(behaviour)
    .map(([key, value]) => (key === "fault" ? value : `${key}=${JSON.stringify(value)}`))
    .join(" ")
}

function responseIdOf(id: number, body: string): string {
  return createHash("sha256").update(`${id} ${body}`).digest("base64url").slice(0, 23)
}

function requireKey({ key }: Route) {
  if (key === "") throw new Refused(missingKey)
  if (key === "invalid" || key.endsWith("-invalid")) throw new Refused(invalidKey)
}

function requireModel({ method, version, model }: Route) {
  if (method === "listModels" || isServed(model, version)) return
  throw modelNotFound(version, model, method === "getModel" ? "this method" : method)
}
