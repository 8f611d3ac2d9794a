const FAMILIES = /^(gemini|gemma)-[a-z0-9.-]+$/
const RETIRED = /^gemini-(1\.\d|pro(-vision)?$)/
const THINKS = /^gemini-(2\.5|[3-9]|flash|pro)/
const TAKES_LEVELS = /^gemini-[3-9]/

const TAKES_TOOLS = /^gemini-([2-9]|flash|pro)/

const LISTED = [
  ["gemini-3.8-flash", "Gemini 3.8 Flash"],
  ["gemini-3.5-flash", "Gemini 3.5 Flash"],
  ["gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite"],
  ["gemini-2.5-pro", "Gemini 2.5 Pro"],
  ["gemini-2.5-flash", "Gemini 2.5 Flash"],
  ["gemma-3-27b-it", "Gemma 3 27B"],
] as const

/** What `/v1` doesn't have: aliases that move, previews and experiments. */
const BETA = /-(latest|preview|exp)(-|$)/

/** Any Gemini or Gemma name is served, save those Google has retired. */
export function isServed(model: string, version: string): boolean {
  return FAMILIES.test(model) && !RETIRED.test(model) && (version !== "v1" || !BETA.test(model))
}

/** Whether the model spends hidden thinking tokens. */
export function thinks(model: string): boolean {
  return THINKS.test(model)
}

/** The values `thinkingLevel` may have, or none when the model doesn't take one. */
export function thinkingLevels(model: string): string[] {
  if (model.startsWith("gemini-3.8-flash")) return ["low", "medium", "high"]
  return TAKES_LEVELS.test(model) ? ["minimal", "low", "medium", "high"] : []
}

/** Whether the model can use Google's tools. */
export function takesTools(model: string): boolean {
  return TAKES_TOOLS.test(model)
}

/** Whether the model takes Google's tools and a caller's own functions in one request. */
export function combinesTools(model: string): boolean {
  return TAKES_LEVELS.test(model)
}

/** The body of `GET /models`. */
export function modelList() {
  return { models: LISTED.map(([name, displayName]) => describe(name, displayName)) }
}

/** The body of `GET /models/{model}`. */
export function modelEntry(model: string) {
  const listed = LISTED.find(([name]) => name === model)
  return describe(model, listed ? listed[1] : model)
}

function describe(model: string, displayName: string) {
  return {
    name: `models/${model}`,
    version: "001",
    displayName,
    description: `${displayName}, simulated`,
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: ["generateContent", "countTokens"],
    ...(thinks(model) && { thinking: true }),
  }
}
