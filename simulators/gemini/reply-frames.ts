import type { Behaviour, Resolved } from "./directives.ts"
import { groundingOf, toolTokens, withGrounding } from "./grounding.ts"
import { FINISH_FAULTS, isOneOf } from "./injected-faults.ts"
import type { Medium } from "./media.ts"
import { thinks } from "./models.ts"
import { composeTask, type Task } from "./purpose.ts"
import { chunkText, composeReply, restOf, wordsIn } from "./reply-text.ts"
import { continuedBy, countTokens, type GenerateRequest, tokenDetails, tokensIn } from "./request.ts"
import { thinkingTokens, thoughtParts } from "./thinking.ts"
import type { Candidate, Frame, ReplyPart } from "./wire.ts"

/** How many chunks come before a fault that says nothing about it. */
export const DEFAULT_AFTER = 2

const HARM_CATEGORIES = ["SEXUALLY_EXPLICIT", "HATE_SPEECH", "HARASSMENT", "DANGEROUS_CONTENT"]

export type ReplyContext = {
  model: string
  request: GenerateRequest
  /** Its files. */
  media?: readonly Medium[]
  /** Unless the call is for a reply. */
  task?: Task | null
  /** Of the request's, those that an earlier one began with. */
  cachedTokens?: number
  behaviour: Resolved
  responseId: string
}

type Draft = { texts: string[]; finishReason: string }

/** The chunks of the reply this request gets, whole: stalls, cuts and errors come later. */
export function replyFrames(context: ReplyContext): Frame[] {
  const { model, request, behaviour, responseId, cachedTokens = 0 } = context
  const tokens = thinkingTokens(model, request)
  const thoughts = thoughtParts(request, behaviour, tokens).map((part) => candidate([part]))
  const found = groundingOf(request, behaviour)
  const meter = usageMeter(request, {
    tokens,
    summaries: thoughts.length,
    read: toolTokens(found),
    cached: cachedTokens,
  })
  const stamp = { modelVersion: model, responseId }
  if (behaviour.fault === "blocked") {
    const blockReason = behaviour.reason ?? "SAFETY"
    const promptFeedback = { blockReason, safetyRatings: ratings("HIGH") }
    return [{ promptFeedback, usageMetadata: meter.prompt(), ...stamp }]
  }
  const draft = draftReply(context, tokens)
  const candidates = withGrounding([...thoughts, ...candidatesOf(draft, context)], request, found)
  return candidates.map((one) => ({ candidates: [one], usageMetadata: meter.next(one), ...stamp }))
}

function draftReply(context: ReplyContext, thoughts: number): Draft {
  const { behaviour } = context
  if (behaviour.fault === "empty") return { texts: [], finishReason: "STOP" }
  const { text, finishReason } = textOf(context, thoughts)
  const texts = chunked(text, behaviour)
  if (!isOneOf(FINISH_FAULTS, behaviour.fault)) return { texts, finishReason }
  return {
    texts: texts.slice(0, behaviour.after ?? DEFAULT_AFTER),
    finishReason: behaviour.reason ?? FINISH_FAULTS[behaviour.fault],
  }
}

function textOf(context: ReplyContext, thoughts: number): { text: string; finishReason: string } {
  const { model, request, media, task, behaviour } = context
  const continued = continuedBy(request)
  if (continued) {
    const { text } = textOf({ ...context, request: { ...continued.before, generationConfig: {} } }, 0)
    return limited(restOf(text, continued.said), request, thoughts)
  }
  if (behaviour.echo !== undefined) return { text: behaviour.echo, finishReason: "STOP" }
  if (task) return limited(composeTask(task), request, thoughts)
  const words = behaviour.words ?? (behaviour.chunks && Math.max(behaviour.chunks * 3, 40))
  return limited(
    composeReply(model, request, { words, variant: behaviour.variant, searches: behaviour.searches, media }),
    request,
    thoughts,
  )
}

function limited(text: string, { generationConfig }: GenerateRequest, thoughts: number) {
  const { stopSequences = [], maxOutputTokens } = generationConfig
  const stops = stopSequences.map((stop) => text.indexOf(stop)).filter((at) => at >= 0)
  const stopped = text.slice(0, Math.min(text.length, ...stops))
  if (maxOutputTokens === undefined || tokensIn(stopped) + thoughts <= maxOutputTokens) {
    return { text: stopped, finishReason: "STOP" }
  }
  const letters = (maxOutputTokens - thoughts) * 4
  return { text: wholeLetters(stopped.slice(0, letters)), finishReason: "MAX_TOKENS" }
}

/** Drops the first half of a surrogate pair whose second half was cut off. */
function wholeLetters(text: string): string {
  return text.isWellFormed() ? text : text.slice(0, -1)
}

/** A fault after k chunks needs a reply of more than k chunks, as far as its text allows. */
function chunked(text: string, { chunks, drip, fault, after = DEFAULT_AFTER }: Behaviour): string[] {
  if (chunks !== undefined) return chunkText(text, chunks)
  if (drip) return wordsIn(text)
  const natural = chunkText(text)
  return fault !== undefined && natural.length <= after ? chunkText(text, after + 1) : natural
}

function candidatesOf({ texts, finishReason }: Draft, { model, behaviour, responseId }: ReplyContext) {
  if (texts.length === 0) return [emptyCandidate(finishReason)]
  return texts.map((text, at) => {
    const isLast = at === texts.length - 1
    const signed = isLast && thinks(model) && finishReason === "STOP"
    const part: ReplyPart = { text, ...(signed && { thoughtSignature: signatureOf(responseId) }) }
    return candidate([part], isLast || behaviour.stopEveryChunk ? finishReason : undefined)
  })
}

function candidate(parts: ReplyPart[], finishReason?: string): Candidate {
  return { content: { parts, role: "model" }, ...(finishReason && finished(finishReason)), index: 0 }
}

function emptyCandidate(finishReason: string): Candidate {
  if (finishReason === "SAFETY") return { ...finished(finishReason), index: 0 }
  return { content: { role: "model" }, ...finished(finishReason), index: 0 }
}

function finished(finishReason: string) {
  return { finishReason, ...(finishReason === "SAFETY" && { safetyRatings: ratings("MEDIUM") }) }
}

function signatureOf(responseId: string): string {
  return Buffer.from(`simulated thought of ${responseId}`).toString("base64")
}

function ratings(probability: string) {
  return HARM_CATEGORIES.map((category) => ({
    category: `HARM_CATEGORY_${category}`,
    probability: category === "HATE_SPEECH" ? probability : "NEGLIGIBLE",
  }))
}

/** Counts as the API does: a running total in every chunk, hidden thinking beside the candidate's tokens. */
function usageMeter(
  request: GenerateRequest,
  thinking: { tokens: number; summaries: number; read: number; cached: number },
) {
  const counted = countTokens(request)
  const promptTokenCount = counted.text + counted.image
  const promptTokensDetails = tokenDetails(counted)
  const toolUsePromptTokensDetails = [{ modality: "TEXT", tokenCount: thinking.read }]
  const cacheTokensDetails = [{ modality: "TEXT", tokenCount: thinking.cached }]
  const cached = thinking.cached > 0 ? { cachedContentTokenCount: thinking.cached, cacheTokensDetails } : {}
  let said = ""
  let summaries = 0
  const thought = () =>
    summaries < thinking.summaries
      ? Math.ceil((thinking.tokens * summaries) / thinking.summaries)
      : thinking.tokens
  return {
    prompt: () => ({ promptTokenCount, totalTokenCount: promptTokenCount, ...cached, promptTokensDetails }),
    next({ content }: Candidate) {
      for (const part of content?.parts ?? []) {
        if (part.thought) summaries += 1
        else said += part.text
      }
      const candidatesTokenCount = tokensIn(said)
      const thoughtsTokenCount = thought()
      return {
        promptTokenCount,
        ...(candidatesTokenCount > 0 && { candidatesTokenCount }),
        totalTokenCount: promptTokenCount + thinking.read + candidatesTokenCount + thoughtsTokenCount,
        ...cached,
        promptTokensDetails,
        ...(thinking.read > 0 && { toolUsePromptTokenCount: thinking.read, toolUsePromptTokensDetails }),
        ...(thoughtsTokenCount > 0 && { thoughtsTokenCount }),
      }
    },
  }
}
