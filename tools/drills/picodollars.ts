/** Millionths of a millionth of a dollar: whole numbers, exact up to nine thousand dollars. */
export type Picodollars = number

const DIGITS = 12

/** Reads a decimal number of dollars, such as PostgreSQL writes it. */
export function toPicodollars(dollars: string): Picodollars {
  const [whole = "0", decimals = ""] = dollars.split(".")
  if (decimals.length > DIGITS) throw new RangeError(`${dollars} isn't a whole number of picodollars`)
  return Number(whole + decimals.padEnd(DIGITS, "0"))
}

/** For a reader, with all that isn't zero. */
export function inDollars(amount: Picodollars): string {
  const digits = String(Math.abs(amount)).padStart(DIGITS + 1, "0")
  const decimals =
    Number(digits.slice(-DIGITS)) === 0 ? "" : `.${digits.slice(-DIGITS)}`.replace(/0{1,12}$/, "")
  return `${amount < 0 ? "−" : ""}$${digits.slice(0, -DIGITS)}${decimals}`
}

/** Whether an amount is the sum of one of each of the options. */
export function canAddUp(amount: Picodollars, options: readonly (readonly Picodollars[])[]): boolean {
  const [first, ...rest] = options
  if (!first) return amount === 0
  const most = sumOf(rest, Math.max)
  const least = sumOf(rest, Math.min)
  return first.some((one) => amount - one >= least && amount - one <= most && canAddUp(amount - one, rest))
}

/** Adds up the least or the most of each of the options. */
export function sumOf(
  options: readonly (readonly Picodollars[])[],
  which: (...amounts: Picodollars[]) => Picodollars,
): Picodollars {
  return options.reduce((sum, amounts) => sum + which(...amounts), 0)
}
