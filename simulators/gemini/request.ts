import { z } from "zod"
import { withoutDirectives } from "./directives.ts"
import { invalid } from "./errors.ts"
import { combinesTools, takesTools, thinkingLevels, thinks } from "./models.ts"

const Part = z.looseObject({
  text: z.string().optional(),
  thought: z.boolean().optional(),
  inlineData: z.looseObject({ mimeType: z.string().min(1), data: z.base64() }).optional(),
  fileData: z.looseObject({ mimeType: z.string().optional(), fileUri: z.string() }).optional(),
})

const Content = z.strictObject({
  role: z.enum(["user", "model"], { error: "Please use a valid role: user, model." }).default("user"),
  parts: z.array(Part).default([]),
})

const Options = z.looseObject({}).optional()

/** Every tool that the API knows. */
const Tool = z.strictObject({
  googleSearch: Options,
  googleSearchRetrieval: Options,
  urlContext: Options,
  codeExecution: Options,
  functionDeclarations: z.array(z.looseObject({})).optional(),
  googleMaps: Options,
  fileSearch: Options,
  computerUse: Options,
  mcpServers: z.array(z.looseObject({})).optional(),
})

const GenerationConfig = z.looseObject({
  maxOutputTokens: z.int().min(1).optional(),
  stopSequences: z.array(z.string()).max(5).optional(),
  thinkingConfig: z
    .strictObject({
      thinkingLevel: z.string().toLowerCase().optional(),
      thinkingBudget: z.int().optional(),
      includeThoughts: z.boolean().optional(),
    })
    .optional(),
})

/** Every name the API knows at the top of a request; another one is refused, as Google refuses it. */
const GenerateRequest = z.strictObject({
  model: z.string().optional(),
  contents: z.array(Content).default([]),
  systemInstruction: z.looseObject({ parts: z.array(Part) }).optional(),
  generationConfig: GenerationConfig.default({}),
  safetySettings: z.array(z.looseObject({})).optional(),
  tools: z.array(Tool).optional(),
  toolConfig: z.looseObject({}).optional(),
  cachedContent: z.string().optional(),
  serviceTier: z.string().optional(),
  store: z.boolean().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  continuationToken: z.string().optional(),
})

const CountRequest = z.union([
  z
    .strictObject({ generateContentRequest: GenerateRequest })
    .transform((body) => body.generateContentRequest),
  GenerateRequest,
])

export type Part = z.infer<typeof Part>
export type Content = z.infer<typeof Content>
export type GenerateRequest = z.infer<typeof GenerateRequest>

/** Parses and judges the body of a generate call. Throws `Refused` as the API would. */
export function readGenerateRequest(body: string, model: string): GenerateRequest {
  const request = parse(GenerateRequest, body)
  requireContents(request, "GenerateContentRequest")
  requireThinkingAgrees(request, model)
  requireToolsAgree(request, model)
  return request
}

/** Parses the body of a countTokens call, bare or wrapped in `generateContentRequest`. */
export function readCountRequest(body: string): GenerateRequest {
  const request = parse(CountRequest, body)
  requireContents(request, "CountTokensRequest")
  return request
}

/** The last text of the last user turn: what the model is asked now. Texts before it may be of unanswered prompts. */
export function promptText(request: GenerateRequest): string {
  const asked = request.contents.findLast((content) => content.role === "user")
  return asked?.parts.findLast(({ text, thought }) => text !== undefined && !thought)?.text ?? ""
}

/** A reply that was cut off, with which the contents end, and the request that it replies to. */
export type Continued = { said: string; before: GenerateRequest }

/** Reads which reply is to be continued; null where another one is asked for. */
export function continuedBy(request: GenerateRequest): Continued | null {
  const [cut, ask] = request.contents.slice(-2)
  if (cut?.role !== "model" || ask?.role !== "user" || !GO_ON.test(textOf(ask))) return null
  return { said: textOf(cut), before: { ...request, contents: request.contents.slice(0, -2) } }
}

const GO_ON = /\bcut off\b.*\bcontinue it\b/i

/** What the last user turn says, without its directives. */
export function lastTurn(request: GenerateRequest): string {
  const last = request.contents.findLast(({ role }) => role === "user")
  return last ? spokenText(last) : ""
}

/** What a person would say the content says: its text without thoughts and without directives. */
export function spokenText(content: Content): string {
  return withoutDirectives(textOf(content)).replace(/\s+/g, " ").trim()
}

/** An estimate that never shrinks as text grows: four characters a token, 258 tokens an attachment. */
export function countTokens(request: GenerateRequest): { text: number; image: number } {
  const system = request.systemInstruction?.parts ?? []
  const parts = [...system, ...request.contents.flatMap((content) => content.parts)]
  return {
    text: parts.reduce((sum, part) => sum + tokensIn(part.text ?? ""), 0),
    image: parts.filter((part) => part.inlineData || part.fileData).length * 258,
  }
}

/** The same, as the API itemizes it. */
export function tokenDetails({ text, image }: ReturnType<typeof countTokens>) {
  const images = image ? [{ modality: "IMAGE", tokenCount: image }] : []
  return [{ modality: "TEXT", tokenCount: text }, ...images]
}

/** Tokens of a text, by the same estimate. */
export function tokensIn(text: string): number {
  return Math.ceil(text.length / 4)
}

function textOf(content: Content): string {
  const said = content.parts.filter((part) => part.text !== undefined && !part.thought)
  return said.map((part) => part.text).join("\n")
}

function parse<T>(schema: z.ZodType<T>, body: string): T {
  const parsed = schema.safeParse(camelKeys(parseJson(body)))
  if (parsed.success) return parsed.data
  const violations = parsed.error.issues.map((issue) => ({
    field: issue.path.join("."),
    description: describe(issue),
  }))
  const lines = violations.map(({ field, description }) => `* ${field}: ${description}`)
  throw invalid(`Invalid JSON payload received.\n${lines.join("\n")}`, [
    { "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: violations },
  ])
}

function describe(issue: z.core.$ZodIssue): string {
  return issue.code === "unrecognized_keys"
    ? `Unknown name "${issue.keys[0]}": Cannot find field.`
    : issue.message
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (cause) {
    throw invalid(`Invalid JSON payload received. ${(cause as Error).message}`)
  }
}

/** The API takes `inline_data` and `inlineData` alike. */
function camelKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelKeys)
  if (value === null || typeof value !== "object") return value
  const entries = Object.entries(value).map(([key, inner]) => [
    key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    camelKeys(inner),
  ])
  return Object.fromEntries(entries)
}

function requireContents(request: GenerateRequest, type: string) {
  if (request.contents.length === 0) {
    throw invalid(`* ${type}.contents: contents is not specified\n`)
  }
  for (const [at, content] of request.contents.entries()) {
    if (content.parts.length === 0) {
      throw invalid(`* ${type}.contents[${at}].parts: contents.parts must not be empty.\n`)
    }
    content.parts.forEach((part, index) => {
      requireData(part, `${type}.contents[${at}].parts[${index}]`)
    })
  }
}

function requireData(part: Part, where: string) {
  const { text, thought, thoughtSignature, ...other } = part
  if (text || thoughtSignature || Object.keys(other).length > 0) return
  throw invalid(`* ${where}.data: required oneof field 'data' must have one initialized field\n`)
}

function requireThinkingAgrees({ generationConfig }: GenerateRequest, model: string) {
  const { thinkingLevel, thinkingBudget, includeThoughts } = generationConfig.thinkingConfig ?? {}
  if (includeThoughts && !thinks(model)) throw invalid("Thinking is not enabled for this model.")
  if (thinkingLevel === undefined) return
  if (thinkingBudget !== undefined) {
    throw invalid("You can only set only one of thinking budget and thinking level.")
  }
  if (!thinkingLevels(model).includes(thinkingLevel)) {
    throw invalid(`Thinking level ${thinkingLevel} is not supported for this model.`)
  }
}

function requireToolsAgree({ tools = [] }: GenerateRequest, model: string) {
  const names = tools.flatMap((tool) => Object.keys(tool))
  if (names.includes("googleSearchRetrieval"))
    throw invalid("Please use google_search field instead of google_search_retrieval field.")
  if (names.includes("googleSearch") && !takesTools(model))
    throw invalid("Search Grounding is not supported for this model.")
  if (names.length > 0 && !takesTools(model)) throw invalid("Tool use is not supported for this model.")
  const hasFunctions = names.includes("functionDeclarations")
  if (hasFunctions && names.some((name) => name !== "functionDeclarations") && !combinesTools(model))
    throw invalid("Built-in tools and Function Calling cannot be combined for this model.")
}
