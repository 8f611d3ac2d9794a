import { styleText } from "node:util"

const COLORS: Record<string, "gray" | "green" | "yellow" | "red"> = {
  trace: "gray",
  debug: "gray",
  info: "green",
  warn: "yellow",
  error: "red",
  fatal: "red",
}

/**
 * Formats a line of the JSON log for a person at a terminal: time of day, level and message, then the fields, ids last.
 * An error's stack follows on lines of its own.
 */
export function toReadableLog(json: string): string {
  const { time, level, msg, err, ...rest } = JSON.parse(json) as Record<string, unknown>
  const fields = Object.entries(rest).filter(([, value]) => value !== null)
  const [ids, others] = [fields.filter(isId), fields.filter((field) => !isId(field))]
  const clock = new Date(String(time)).toTimeString().slice(0, 8)
  const head = `${clock} ${styleText(COLORS[String(level)] ?? "gray", String(level).padEnd(5))} ${printable(msg)}`
  const text = [...others.map(describe), ...ids.map((field) => styleText("gray", describe(field)))].join(" ")
  return `${[head, text].filter(Boolean).join("  ")}\n${err === undefined ? "" : stackOf(err as LoggedError)}`
}

type Field = [name: string, value: unknown]

const isId = ([name]: Field) => /(?:^i|I)d$/.test(name)

const describe = ([name, value]: Field) => `${name}=${plain(value)}`

function plain(value: unknown): string {
  const isWord = typeof value === "string" && /^[\x21-\x7e]+$/.test(value)
  return isWord ? value : printable(JSON.stringify(value))
}

interface LoggedError {
  type: string
  message: string
  stack?: string
  cause?: LoggedError
}

function stackOf({ type, message, stack, cause }: LoggedError): string {
  const lines = printable(stack ?? `${type}: ${message}`).split("\n")
  const own = lines.map((line) => `    ${line}\n`).join("")
  return cause ? `${own}  caused by\n${stackOf(cause)}` : own
}

/** Removes what could steer the terminal: a part of the text may come from clients. */
function printable(text: unknown): string {
  return String(text).replace(/(?![\n\t])\p{Cc}/gu, "�")
}
