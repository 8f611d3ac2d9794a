import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { z } from "zod"
import { scrub } from "../../src/config/logger.ts"
import { limitAddress } from "../../src/utils/address.ts"
import { decodeCursor, encodeCursor } from "../../src/utils/cursor.ts"
import { InvalidRequest } from "../../src/utils/errors.ts"
import { newId } from "../../src/utils/ids.ts"
import { formatSse } from "../../src/utils/sse.ts"
import {
  codePointLength,
  isStorableText,
  maskMobileNumber,
  splitAtWholeCharacter,
} from "../../src/utils/text.ts"

describe("text", () => {
  test("the length counts code points, lone surrogates too", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => codePointLength(text) === [...text].length),
    )
  })

  test("a split leaves no half of a character in the first part and loses nothing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(), (text, at) => {
        const piece = text.slice(0, at % (text.length + 1))
        const [whole, rest] = splitAtWholeCharacter(piece)
        return whole + rest === piece && rest.length <= 1 && (whole.isWellFormed() || !text.isWellFormed())
      }),
    )
  })

  test.each(["a\u0000", "\ud800", "x\udc00y"])("%j can't be stored", (text) => {
    expect(isStorableText(text)).toBe(false)
  })

  test("a masked number shows five characters at most", () => {
    expect(maskMobileNumber("+14155550123")).toBe("+14*******23")
  })
})

describe("cursors", () => {
  const Cursor = z.tuple([z.string(), z.number()])

  test("come back as they were", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer(), (text, number) => {
        expect(decodeCursor(encodeCursor([text, number]), Cursor)).toEqual([text, number])
      }),
    )
  })

  test("that nobody gave out are refused, never thrown at", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => decodeCursor(text, Cursor)).toThrow(InvalidRequest)
      }),
    )
  })
})

describe("addresses for limits", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["::FFFF:203.0.113.7", "203.0.113.7"],
    ["::ffff:c000:201", "192.0.2.1"],
    ["::ffff:c000:0201", "192.0.2.1"],
    ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
    ["0000:0000:0000:0000:0000:ffff:c000:0201", "192.0.2.1"],
    ["::ffff:192.0.2.1%lo", "192.0.2.1"],
    ["::ffff:192.0.2.1%\n", "192.0.2.1"],
    ["2001:db8:0:1::1", "2001:db8:0:1::/64"],
    ["2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"],
    ["2001:db8:0:2::1", "2001:db8:0:2::/64"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["2001:0db8:0001:0002:ffff::1", "2001:db8:1:2::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["not an address", "unknown"],
    [undefined, "unknown"],
  ])("%s counts as %s", (address, counted) => {
    expect(limitAddress(address)).toBe(counted)
  })
})

test("an event is one id, one name and one line of JSON, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const lines = formatSse({ event: "delta", id: "1-2", data: { text } }).split("\n")
      return lines.length === 5 && lines[2]?.startsWith("data: {") === true
    }),
  )
})

test("what has the form of a secret is scrubbed", () => {
  const token = `eyJhbGciOi.${"a".repeat(40)}.${"b".repeat(40)}`
  const text = `token ${token}, postgres://u:secret@h/db, +14155550123, AIzaSyD-abcdefgh, whsec_abcdefghij`
  expect(scrub(text)).toBe("token [token], postgres://[redacted]@h/db, [number], [key], [key]")
})

test("ids are different, are version 7, tell their time, and sort in the order in which they were made", () => {
  const before = Date.now()
  const ids = Array.from({ length: 20_000 }, newId)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.toSorted()).toEqual(ids)
  for (const id of [ids[0], ids.at(-1)] as string[]) {
    expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    const time = Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)
    expect(time).toBeGreaterThanOrEqual(before)
    expect(time).toBeLessThanOrEqual(Date.now())
  }
})
