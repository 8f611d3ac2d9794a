import type { ThinkingLevel, Tool } from "../../models/chatroom.ts"

/** What is known about a model beside its name. */
export interface ModelFacts {
  /** The name that people know it by. */
  title: string
  /** Limits of one call; null: unknown. */
  inputTokens: number | null
  outputTokens: number | null
  /** The levels of thinking that a room may ask for; the API doesn't offer Google's `minimal`. */
  thinking: readonly ThinkingLevel[]
  /** Google's tools that it knows. */
  tools: readonly Tool[]
  /** The types of files that it reads; text of any kind goes as `text/plain`. */
  attachments: readonly string[]
}

/** The same for all text models since Gemini 2.5. */
const LIMITS = { inputTokens: 1_048_576, outputTokens: 65_536 }

const FILES = ["image/png", "image/jpeg", "image/webp", "application/pdf", "text/plain"]

/** Gemini 3 takes levels of thinking; 2.5 took budgets. */
const GEMINI_3 = {
  ...LIMITS,
  thinking: ["low", "medium", "high"],
  tools: ["webSearch", "urlContext"],
  attachments: FILES,
} as const
const GEMINI_2_5 = { ...GEMINI_3, thinking: [] } as const

/** The models' pages at https://ai.google.dev/gemini-api/docs/models, November 2026. */
const KNOWN: Record<string, ModelFacts> = {
  "gemini-3.8-flash": { title: "Gemini 3.8 Flash", ...GEMINI_3 },
  "gemini-3.7-flash": { title: "Gemini 3.7 Flash", ...GEMINI_3 },
  "gemini-3.6-flash": { title: "Gemini 3.6 Flash", ...GEMINI_3 },
  "gemini-3.5-flash": { title: "Gemini 3.5 Flash", ...GEMINI_3 },
  "gemini-3.5-flash-lite": { title: "Gemini 3.5 Flash-Lite", ...GEMINI_3 },
  "gemini-3.1-flash-lite": { title: "Gemini 3.1 Flash-Lite", ...GEMINI_3 },
  "gemini-3.1-pro-preview": { title: "Gemini 3.1 Pro (preview)", ...GEMINI_3 },
  "gemini-3-flash-preview": { title: "Gemini 3 Flash (preview)", ...GEMINI_3 },
  "gemini-2.5-pro": { title: "Gemini 2.5 Pro", ...GEMINI_2_5 },
  "gemini-2.5-flash": { title: "Gemini 2.5 Flash", ...GEMINI_2_5 },
}

/** Returns what is known about a model; about one that isn't in the table, its name. */
export function factsAbout(name: string): ModelFacts {
  return Object.hasOwn(KNOWN, name) ? (KNOWN[name] as ModelFacts) : { title: name, ...UNKNOWN }
}

const UNKNOWN = { inputTokens: null, outputTokens: null, thinking: [], tools: [], attachments: [] }
