import { z } from "zod"
import { AnyTime, Anything } from "./check-form.ts"
import { type IncomingFile, MAX_FILES, toFile } from "./incoming-room.ts"
import { Refused } from "./problems.ts"
import { toSources } from "./source-links.ts"

const Text = z.string()

const Part = z.union([
  Text,
  z.looseObject({
    content_type: Text.nullish(),
    text: Text.nullish(),
    asset_pointer: Text.nullish(),
    size_bytes: Anything,
  }),
])

const Attached = z.looseObject({ name: Anything, mime_type: Anything, size: Anything })

/** A message of ChatGPT, as far as it is read. Of what is only shown beside it, nothing is required. */
export const GptMessage = z.looseObject({
  author: z.looseObject({ role: Text }),
  create_time: AnyTime,
  recipient: Text.nullish(),
  status: Text.nullish(),
  content: z
    .looseObject({
      content_type: Text.nullish(),
      parts: z.array(Part.nullable()).nullish(),
      text: Text.nullish(),
      language: Text.nullish(),
      thoughts: z.array(z.looseObject({ summary: Text.nullish(), content: Text.nullish() })).nullish(),
    })
    .nullish(),
  metadata: z
    .looseObject({
      is_visually_hidden_from_conversation: Anything,
      is_user_system_message: Anything,
      model_slug: Text.nullish(),
      attachments: z.array(Attached).nullish(),
      content_references: Anything,
    })
    .nullish(),
})
export type GptMessage = z.infer<typeof GptMessage>

/** What is shown of a node; `role` null: nothing. */
export interface Shown {
  role: "user" | "model" | null
  text: string
  thoughts: string
  files: IncomingFile[]
  sources: unknown[]
  model: string | null
  isCut: boolean
}

const NOTHING: Shown = {
  role: null,
  text: "",
  thoughts: "",
  files: [],
  sources: [],
  model: null,
  isCut: false,
}

const SHOWN_ROLES: Record<string, "user" | "model"> = { user: "user", assistant: "model", tool: "model" }

/** Finds out what is shown of a message. @throws {Refused} */
export function showMessage(
  { author, recipient, status, content, metadata }: GptMessage,
  path: PropertyKey[],
): Shown {
  const known = author.role === "system" || Object.hasOwn(SHOWN_ROLES, author.role)
  if (!known) throw new Refused("role_unknown", [...path, "author", "role"])
  const type = content?.content_type ?? "text"
  const isHidden =
    metadata?.is_visually_hidden_from_conversation === true || metadata?.is_user_system_message === true
  if (author.role === "system" || isHidden || !content) return NOTHING
  if (type === "thoughts") return { ...NOTHING, thoughts: thoughtsOf(content) }
  // A call of a tool, written for it.
  if (author.role === "assistant" && recipient && recipient !== "all") return NOTHING
  const files = filesOf(content, metadata)
  // Of what a tool returned the images alone are shown.
  const text = author.role === "tool" ? "" : textOf(content, type)
  if (text.trim() === "" && files.length === 0) return NOTHING
  return {
    role: SHOWN_ROLES[author.role] as "user" | "model",
    text,
    thoughts: "",
    files,
    sources: toSources(metadata?.content_references),
    model: author.role === "user" ? null : (metadata?.model_slug?.slice(0, 100) ?? null),
    isCut: status === "in_progress",
  }
}

type Content = NonNullable<GptMessage["content"]>

function thoughtsOf({ thoughts }: Content): string {
  return (thoughts ?? [])
    .map(({ summary, content }) =>
      [summary ? `**${summary}**` : "", content ?? ""].filter(Boolean).join("\n\n"),
    )
    .filter(Boolean)
    .join("\n\n")
}

/** Types of content that are words to or from the user; the others are for tools, or for the model alone. */
const WORDS = new Set(["text", "multimodal_text", "code"])

function textOf({ parts, text, language }: Content, type: string): string {
  if (!WORDS.has(type)) return ""
  if (type === "code") return text ? toCodeBlock(text, language) : ""
  const words = (parts ?? []).map((part) => (typeof part === "string" ? part : (part?.text ?? "")))
  return withoutMarks(words.filter(Boolean).join("\n\n"))
}

function toCodeBlock(code: string, language: string | null | undefined): string {
  const longest = (code.match(/`{3,}/g) ?? []).reduce((most, { length }) => Math.max(most, length), 2)
  const fence = "`".repeat(longest + 1)
  return `${fence}${language && /^\w+$/.test(language) ? language : ""}\n${code}\n${fence}`
}

/** Where ChatGPT shows sources it writes marks between two characters of its own. */
function withoutMarks(text: string): string {
  if (!text.includes("\ue200")) return text
  const [first = "", ...marked] = text.split("\ue200")
  return first + marked.map((part) => part.slice(part.indexOf("\ue201") + 1)).join("")
}

/** The files are named by themselves or, without that, where they are shown. Their content isn't in an export. */
function filesOf({ parts }: Content, metadata: GptMessage["metadata"]): IncomingFile[] {
  const named = metadata?.attachments ?? []
  if (named.length > 0)
    return named.slice(0, MAX_FILES).map(({ name, mime_type, size }) => toFile(name, mime_type, size))
  const shown = (parts ?? []).flatMap((part) =>
    typeof part === "object" && part?.asset_pointer ? [{ ...part, pointer: part.asset_pointer }] : [],
  )
  return shown
    .slice(0, MAX_FILES)
    .map(({ pointer, size_bytes }) => toFile(pointer.split("/").at(-1), null, size_bytes))
}
