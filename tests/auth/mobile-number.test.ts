import fc from "fast-check"
import { expect, test } from "vitest"
import { checkSendable, prefixOf, readCode, readMobileNumber } from "../../src/services/auth/mobile-number.ts"
import { InvalidRequest } from "../../src/utils/errors.ts"

test.each([
  ["1234567890", "+11234567890"],
  ["+11234567890", "+11234567890"],
  ["(415) 555-0123", "+14155550123"],
  [" +1 415 555 0123 ", "+14155550123"],
  ["٤١٥٥٥٥٠١٢٣", "+14155550123"],
  ["+٤٤ ٢٠ ٧٩٤٦ ٠٩٥٨", "+442079460958"],
  ["４１５５５５０１２３", "+14155550123"],
  ["\u202a+1 (415) 555-0123\u202c", "+14155550123"],
  ["011 44 20 7946 0958", "+442079460958"],
])("%s is read as %s", (text, number) => {
  expect(readMobileNumber(text, "US")).toBe(number)
})

test("is national to the configured region", () => {
  expect(readMobileNumber("020 7946 0958", "GB")).toBe("+442079460958")
  expect(readMobileNumber("98765 43210", "IN")).toBe("+919876543210")
})

test.each([
  "",
  " ",
  "+",
  "0",
  "12345",
  "+1415555012",
  "+141555501234",
  "+999123456789",
  "hello 4155550123",
  "1-800-FLOWERS",
  "4155550123 ext. 5",
  "tel:4155550123",
  "4155550123;4155550124",
  "__proto__",
  "\u0000",
  "\ud800",
])("%j is none", (text) => {
  expect(() => readMobileNumber(text, "US")).toThrow(InvalidRequest)
})

test.each([
  [
    "5551234",
    "US",
    "This isn't a valid phone number. Without + it is read for United States (+1): begin with + and the country code.",
  ],
  [
    "01701234567",
    "US",
    "This isn't a valid phone number. Without + it is read for United States (+1): begin with + and the country code.",
  ],
  [
    "12",
    "DE",
    "This isn't a valid phone number. Without + it is read for Germany (+49): begin with + and the country code.",
  ],
  [
    "+1415555012",
    "US",
    "This isn't a valid phone number. Check the country code after + and the number of digits.",
  ],
  [
    "\u202a+999123456789",
    "GB",
    "This isn't a valid phone number. Check the country code after + and the number of digits.",
  ],
] as const)("of %s in %s the error says for which region, and how to begin", (text, region, message) => {
  const read = () => readMobileNumber(text, region)
  expect(read).toThrow(expect.objectContaining({ errors: [{ path: "body.mobileNumber", message }] }))
})

test("whatever is typed gives a storable number or a fault", () => {
  const typed = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.string({ unit: fc.constantFrom(..."+0123456789 ()-.٠١٢٣٩xA;"), maxLength: 40 }),
  )
  fc.assert(
    fc.property(typed, (text) => {
      try {
        expect(readMobileNumber(text, "US")).toMatch(/^\+[1-9]\d{5,14}$/)
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidRequest)
      }
    }),
    { numRuns: 300 },
  )
})

test("is the same however it is written, also when it is read again", () => {
  const separator = fc.constantFrom("", " ", "-", ".", "  ")
  fc.assert(
    fc.property(fc.integer({ min: 2_000_000_000, max: 9_999_999_999 }), separator, (national, between) => {
      const digits = String(national)
      const number = readMobileNumber(digits, "US")
      const spaced = [digits.slice(0, 3), digits.slice(3, 6), digits.slice(6)].join(between)
      expect(readMobileNumber(spaced, "US")).toBe(number)
      expect(readMobileNumber(`+1${between}${spaced}`, "DE")).toBe(number)
      expect(readMobileNumber(number, "DE")).toBe(number)
    }),
  )
})

test("may be sent to in the listed countries only", () => {
  expect(() => checkSendable("+442079460958", [])).not.toThrow()
  expect(() => checkSendable("+442079460958", ["US", "GB"])).not.toThrow()
  expect(() => checkSendable("+442079460958", ["US"])).toThrow(InvalidRequest)
  expect(() => checkSendable("+18765550123", ["US"])).toThrow(InvalidRequest)
  expect(() => checkSendable("+11234567890", ["US"])).not.toThrow()
  expect(() => checkSendable("+80012345678", ["US"])).toThrow(InvalidRequest)
})

test("is of the range of its first digits", () => {
  expect(prefixOf("+14155550123")).toBe("+1415555")
})

test("comes with a code in any digits", () => {
  expect(readCode("١٢٣ ٤٥٦")).toBe("123456")
})
