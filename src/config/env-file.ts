import { readFileSync } from "node:fs"
import { parseEnv } from "node:util"

/** A file of variables, and what is wrong with it. */
export interface EnvFile {
  variables: Record<string, string>
  /** Each begins with the file's name. */
  faults: string[]
}

/** Reads `NAME=value` lines, in UTF-8 or with a byte order mark in UTF-16. A missing file has no variables. */
export function readEnvFile(path: string): EnvFile {
  const none = { variables: {}, faults: [] }
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "ENOENT") return none
    return { ...none, faults: [`${path}: can't be read (${REASONS[code ?? ""] ?? code})`] }
  }
  const text = decode(bytes)
  if (text === null) return { ...none, faults: [`${path}: isn't text in UTF-8; save it as UTF-8`] }
  const faults = findStrayLines(text).map(
    ({ line, name }) =>
      `${path}: line ${line} isn't NAME=value${name ? `; write ${name}=… for ${name}` : ""}`,
  )
  return { variables: parseEnv(text) as Record<string, string>, faults }
}

const REASONS: Partial<Record<string, string>> = {
  EISDIR: "it is a folder",
  EACCES: "this account may not read it",
  EPERM: "this account may not read it",
}

/** Windows editors and PowerShell write byte order marks, which `parseEnv` would take for a part of the first name. */
function decode(bytes: Buffer): string | null {
  const encoding = ENCODINGS.find(({ mark }) => bytes.subarray(0, 2).equals(Buffer.from(mark)))?.name
  try {
    const text = new TextDecoder(encoding ?? "utf-8", { fatal: true }).decode(bytes)
    return text.includes("\0") ? null : text
  } catch {
    return null
  }
}

const ENCODINGS = [
  { name: "utf-16le", mark: [0xff, 0xfe] },
  { name: "utf-16be", mark: [0xfe, 0xff] },
]

/** What `parseEnv` reads: an assignment, whose quoted value may span lines. */
const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?[\w.-]+[ \t]*=[ \t]*(?:"[^"]*"|'[^']*'|`[^`]*`|)[^\n]*$/gm

/** Finds lines that `parseEnv` silently leaves out. Their values may be secrets, so only names are kept. */
function findStrayLines(text: string): { line: number; name: string | undefined }[] {
  const rest = text.replaceAll("\r\n", "\n").replace(ASSIGNMENT, (found) => found.replace(/[^\n]/g, ""))
  return rest.split("\n").flatMap((content, index) => {
    if (/^\s*(?:#|$)/.test(content)) return []
    return { line: index + 1, name: /^\s*([A-Z][A-Z0-9_]*)\s*:/.exec(content)?.[1] }
  })
}
