import { type ParseArgsConfig, parseArgs } from "node:util"

type Options = NonNullable<ParseArgsConfig["options"]>
type Values<O extends Options> = ReturnType<typeof parseArgs<{ options: O }>>["values"]

/**
 * Parses this process's command line and gives it to `read`. Prints `help` and ends the process where `--help` is
 * given; where the parser or `read` throws a TypeError, it prints that with `help` and ends the process with 2.
 */
export function readCommandLine<O extends Options, T>(
  help: string,
  options: O,
  read: (values: Values<O>, positionals: string[]) => T,
  { allowPositionals = false } = {},
): T {
  if (process.argv.slice(2).includes("--help")) {
    process.stdout.write(help)
    process.exit(0)
  }
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals })
    return read(values, positionals)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    process.stderr.write(`${error.message}\n\n${help}`)
    process.exit(2)
  }
}

/** @throws {TypeError} for anything but a whole number from 1 on */
export function readNumber(option: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new TypeError(`${option} takes a whole number from 1 on, not "${text}".`)
  return Number(text)
}

/** Reads names with commas between, in the order of `known`. @throws {TypeError} for others */
export function readNames<T extends string>(option: string, text: string, known: readonly T[]): T[] {
  const wanted = text.split(",").map((name) => name.trim())
  const unknown = wanted.find((name) => !known.some((each) => each === name))
  if (unknown !== undefined)
    throw new TypeError(`${option} doesn't know "${unknown}"; it knows ${known.join(", ")}.`)
  return known.filter((name) => wanted.includes(name))
}
