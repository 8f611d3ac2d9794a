/** Why a file, or a conversation in it, wasn't imported, or what was changed. Clients may rely on the codes. */
export type ProblemCode = keyof typeof PROBLEMS

const PROBLEMS = {
  // Of a whole file.
  not_json: "The file isn't JSON.",
  not_utf8: "The file isn't in UTF-8.",
  cut_off: "The file is cut off. Export or upload it again.",
  too_many_conversations: "The file has more conversations than an import may have. Split it.",
  abandoned: "The import stopped several times at the same place.",

  // Of a conversation that wasn't imported.
  format_unknown: "This isn't a conversation of a format that can be imported.",
  version_unknown: "The file comes from a newer version of this service.",
  too_large: "The conversation is larger than one may be.",
  too_deep: "The conversation is nested more deeply than one may be.",
  too_many_messages: "The conversation has more messages than one may have.",
  text_too_long: "A text is longer than one may be.",
  invalid: "A value isn't of the type that the format has there.",
  no_messages: "The conversation has no messages.",
  duplicate_id: "Two messages have the same id.",
  parent_unknown: "A message follows one that isn't there before it.",
  child_unknown: "A message is followed by one that isn't there, or that follows another.",
  cycle: "Messages follow one another in a circle.",
  role_unknown: "A message is by somebody unknown.",
  time_invalid: "A time is out of range.",

  // Of one that was.
  characters_replaced: "Characters that can't be stored (NUL, halves of pairs) were replaced.",
  head_unknown: "The message that was shown last isn't there; the newest one is shown.",
} as const

export interface Problem {
  code: ProblemCode
  message: string
  /** A path into the file, such as `[3].mapping.x.parent`; null for the whole file. */
  where: string | null
}

const MAX_WHERE = 200

/** @param path of property names and indexes */
export function toProblem(code: ProblemCode, path: readonly PropertyKey[] = []): Problem {
  const where = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("")
  // From the file, so it may be long and have anything in it.
  const plain = where.replaceAll("\u0000", "\ufffd").slice(0, MAX_WHERE).toWellFormed()
  return { code, message: PROBLEMS[code], where: plain === "" ? null : plain }
}

/** A conversation can't be imported; `path` leads to why, from the conversation on. */
export class Refused extends Error {
  readonly code: ProblemCode
  readonly path: readonly PropertyKey[]

  constructor(code: ProblemCode, path: readonly PropertyKey[] = []) {
    super(PROBLEMS[code])
    this.code = code
    this.path = path
  }
}

/** A file can't be imported at all. */
export class FileRefused extends Error {
  readonly code: ProblemCode

  constructor(code: ProblemCode) {
    super(PROBLEMS[code])
    this.code = code
  }
}
