import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { cleanName } from "../../src/services/attachments/clean-name.ts"
import { inPieces } from "../../src/services/attachments/in-pieces.ts"
import { createInspection } from "../../src/services/attachments/inspect.ts"
import { AttachmentInvalid, AttachmentTypeUnknown } from "../../src/utils/errors.ts"
import { gif, jpeg, pdf, png, webp } from "../attachments/kit.ts"

describe("a name", () => {
  test.each([
    ["a.png", "a.png"],
    ["../../etc/passwd", "passwd"],
    ["C:\\Users\\ann\\a.png", "a.png"],
    ["photo\u202egnp.exe", "photognp.exe"],
    ["a\u0000b\r\nSet-Cookie: x.txt", "abSet-Cookie_ x.txt"],
    ["zero\u200bwidth\ufeff.txt", "zerowidth.txt"],
    [".htaccess", "htaccess"],
    ["a. . .", "a"],
    ["   ", "file"],
    ["/", "file"],
    ["..", "file"],
    ["", "file"],
    ["\ud83d", "file"],
    ["e\u0301.txt", "é.txt"],
    ['<"|?*>.txt', "______.txt"],
    ["日本語.pdf", "日本語.pdf"],
    [`${"x".repeat(400)}.docx`, `${"x".repeat(145)}.docx`],
    [`a.${"x".repeat(400)}`, `a.${"x".repeat(148)}`],
  ])("%j is cleaned to %j", (name, cleaned) => expect(cleanName(name)).toBe(cleaned))

  test("is short, visible and no path, whatever it was, and cleaned once for all", () => {
    const names = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme", maxLength: 300 }))
    fc.assert(
      fc.property(names, (name) => {
        const cleaned = cleanName(name)
        expect([...cleaned].length).toBeGreaterThan(0)
        expect([...cleaned].length).toBeLessThanOrEqual(200)
        expect(cleaned).not.toMatch(/[/\\\p{Cc}\p{Cf}\p{Cs}]|^[.\s]|[.\s]$/u)
        expect(cleanName(cleaned)).toBe(cleaned)
      }),
      { numRuns: 2_000 },
    )
  })
})

const FILES = { png: png(40, 30), jpeg: jpeg(40, 30), gif: gif(40, 30), webp: webp(40, 30), pdf: pdf(3) }
const files = fc.constantFrom(...Object.values(FILES))

/** Inspects `bytes` in pieces of these sizes, in turn. */
function inspect(bytes: Buffer, sizes: number[]) {
  const inspection = createInspection()
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] as number
    inspection.push(bytes.subarray(at, at + size))
    at += size
  }
  return inspection.end()
}

const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 })

describe("an inspection", () => {
  test("finds the same however a file is cut", () => {
    fc.assert(
      fc.property(files, cuts, (file, sizes) => {
        expect(inspect(file, sizes)).toEqual(inspect(file, [file.length]))
      }),
    )
  })

  test("refuses every beginning of an image that can be told from text", () => {
    const images = [FILES.png, FILES.jpeg, FILES.gif, FILES.webp]
    for (const image of images) {
      for (let bytes = 12; bytes < image.length; bytes++)
        expect(() => inspect(image.subarray(0, bytes), [7])).toThrow()
    }
  })

  test("ends in facts or a refusal, whatever the bytes", () => {
    const damaged = fc
      .tuple(files, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }))
      .map(([file, changes]) => {
        const copy = Buffer.from(file)
        for (const [at, value] of changes) copy[at % copy.length] = value
        return copy
      })
    const noise = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes))
    const headed = fc.tuple(files, noise).map(([file, rest]) => Buffer.concat([file.subarray(0, 16), rest]))
    fc.assert(
      fc.property(fc.oneof(damaged, noise, headed), cuts, (bytes, sizes) => {
        try {
          const { width = 1, height = 1 } = inspect(bytes, sizes)
          expect(width * height).toBeLessThanOrEqual(100_000_000)
        } catch (error) {
          expect(error instanceof AttachmentInvalid || error instanceof AttachmentTypeUnknown).toBe(true)
        }
      }),
      { numRuns: 3_000 },
    )
  })

  test("of a PDF made of page trees takes no longer than one of anything else", () => {
    const bytes = Buffer.from(`%PDF-1.4\n${"<</Type /Pages /Count 1 ".repeat(400_000)}%%EOF`)
    const startedAt = process.cpuUsage()
    expect(inspect(bytes, [256 * 1024]).type).toBe("application/pdf")
    expect(process.cpuUsage(startedAt).user / 1_000).toBeLessThan(5_000)
  })
})

test("pieces are what came, each but the last of one size", async () => {
  const chunks = fc.array(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    { maxLength: 20 },
  )
  await fc.assert(
    fc.asyncProperty(chunks, fc.integer({ min: 1, max: 40 }), async (given, size) => {
      const pieces: Buffer[] = []
      for await (const piece of inPieces(streamOf(given), size)) pieces.push(piece)
      expect(Buffer.concat(pieces).equals(Buffer.concat(given))).toBe(true)
      expect(pieces.slice(0, -1).every(({ length }) => length === size)).toBe(true)
      expect(pieces.every(({ length }) => length > 0 && length <= size)).toBe(true)
    }),
  )
})

async function* streamOf(chunks: Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks
}
