import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  DirectiveError,
  directivesIn,
  parseDirective,
  resolveDirectives,
} from "../../simulators/gemini/directives.ts"
import { chunkText } from "../../simulators/gemini/reply-text.ts"
import { cutInto, splitCharacters } from "../../simulators/gemini/wire.ts"

const text = fc.string({ unit: "grapheme", maxLength: 300 })

describe("chunks", () => {
  test("join to the text they were cut from, and none is empty", () => {
    fc.assert(
      fc.property(text, fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }), (whole, count) => {
        const chunks = chunkText(whole, count)
        expect(chunks.join("")).toBe(whole)
        expect(chunks).not.toContain("")
        if (count !== undefined) expect(chunks.length).toBe(Math.min(count, [...whole].length))
      }),
    )
  })
})

describe("pieces of bytes", () => {
  test("join to the bytes they were cut from", () => {
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (whole, sizes) => {
        const bytes = Buffer.from(whole)
        expect(Buffer.concat(cutInto(bytes, sizes))).toEqual(bytes)
        expect(Buffer.concat(splitCharacters(bytes))).toEqual(bytes)
      }),
    )
  })

  test("split falls inside each multi-byte character", () => {
    const pieces = splitCharacters(Buffer.from("aé日👋z"))
    expect(pieces.map((piece) => piece.length)).toEqual([2, 2, 3, 4])
    expect(pieces.slice(1).every((piece) => ((piece[0] ?? 0) & 0xc0) === 0x80)).toBe(true)
  })
})

describe("directives", () => {
  test("any text either reads or is refused by name", () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.stringMatching(/^[a-z= 0-9"\\-]{0,40}$/)), (inside) => {
        try {
          parseDirective(inside)
        } catch (error) {
          expect(error).toBeInstanceOf(DirectiveError)
        }
      }),
    )
  })

  test("a quoted echo comes back as it was", () => {
    fc.assert(
      fc.property(text, (whole) => {
        expect(directivesIn(`a [[gemini: echo=${JSON.stringify(whole)}]] b`)).toEqual([{ echo: whole }])
      }),
    )
  })

  test("faults take turns by their times", () => {
    const directives = directivesIn("[[gemini: cut times=2]] [[gemini: delay=5]] [[gemini: stall after=1]]")
    expect(resolveDirectives(directives, 1)).toEqual({ fault: "cut", delayMs: 5 })
    expect(resolveDirectives(directives, 2)).toEqual({ fault: "stall", after: 1, delayMs: 5 })
  })

  test("with vary each call has a variant of its own, whatever its fault", () => {
    const directives = directivesIn("[[gemini: vary]] [[gemini: cut times=1]]")
    expect(resolveDirectives(directives, 0)).toEqual({ vary: true, variant: 0, fault: "cut" })
    expect(resolveDirectives(directives, 3)).toEqual({ vary: true, variant: 3 })
  })

  test("a prompt of unclosed directives is read in reasonable time", () => {
    expect(directivesIn("[[gemini: ".repeat(2_000))).toEqual([])
  })
})
