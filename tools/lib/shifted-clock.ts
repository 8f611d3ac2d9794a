/** Preloaded into a process whose clock is to be wrong: shifts `Date` by DRILL_CLOCK_SHIFT_MS, in ms. */
const shiftMs = Number(process.env.DRILL_CLOCK_SHIFT_MS)
const TrueDate = Date

globalThis.Date = class extends TrueDate {
  constructor(...args: unknown[]) {
    if (args.length === 0) super(TrueDate.now() + shiftMs)
    else super(...(args as [number]))
  }

  static override now(): number {
    return TrueDate.now() + shiftMs
  }
} as DateConstructor
