/**
 * Reads this process's arguments, of which only `known` flags and `--help` exist. Prints `help` and ends the process
 * where `--help` is given, and ends it with 2 where an argument isn't known, so that none is ignored in silence.
 * @returns the flags that were given
 */
export function readFlags(help: string, known: readonly string[] = []): Set<string> {
  const given = process.argv.slice(2)
  if (given.includes("--help")) {
    process.stdout.write(help)
    process.exit(0)
  }
  const unknown = given.find((argument) => !known.includes(argument))
  if (unknown !== undefined) {
    process.stderr.write(`There is no argument "${unknown}" here.\n\n${help}`)
    process.exit(2)
  }
  return new Set(given)
}
