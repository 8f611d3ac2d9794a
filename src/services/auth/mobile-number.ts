import type { CountryCode } from "libphonenumber-js/max"
import type { Region } from "../../config/env.ts"
import { InvalidRequest } from "../../utils/errors.ts"
import { phoneNumbers } from "../../utils/phone-numbers.ts"

/** E.164 allows 15 digits, and no country has subscriber numbers of fewer than 6. Same as the table's check. */
const STORABLE = /^\+[1-9]\d{5,14}$/

/**
 * Parses a mobile number as typed: with `+` and country code or in `defaultRegion`'s national form, with digits of any
 * script, spaces and dashes. Any number that is possible in its country is accepted, assigned or not.
 * @returns the number in E.164, whatever its notation
 * @throws {InvalidRequest} at `body.mobileNumber`
 */
export function readMobileNumber(text: string, defaultRegion: Region): string {
  // Address books wrap numbers in invisible text direction marks.
  const visible = text.replace(/\p{Cf}/gu, "").trim()
  const parsed = phoneNumbers().parsePhoneNumberFromString(visible, {
    defaultCountry: defaultRegion as CountryCode,
    extract: false,
  })
  if (!parsed?.isPossible() || parsed.ext || !STORABLE.test(parsed.number)) {
    throw invalidNumber(describeFault(visible, defaultRegion))
  }
  return parsed.number
}

const REGION_NAMES = new Intl.DisplayNames("en", { type: "region" })

/** Says what to do, without the number: with `+` the region doesn't matter, without it the number may be of another. */
function describeFault(text: string, region: Region): string {
  if (/^[+＋]/.test(text))
    return "This isn't a valid phone number. Check the country code after + and the number of digits."
  const code = phoneNumbers().getCountryCallingCode(region as CountryCode)
  return (
    `This isn't a valid phone number. Without + it is read for ${REGION_NAMES.of(region)} (+${code}): ` +
    "begin with + and the country code."
  )
}

/**
 * Checks that codes may be sent to `number` (E.164): its country must be in `regions`, unless that list is empty.
 * A number that belongs to no single country is matched by its calling code.
 * @throws {InvalidRequest} at `body.mobileNumber`
 */
export function checkSendable(number: string, regions: readonly string[]): void {
  if (regions.length > 0 && !regions.some((region) => isIn(number, region as CountryCode))) {
    throw invalidNumber("We can't send codes to numbers in this country.")
  }
}

function isIn(number: string, region: CountryCode): boolean {
  const parsed = phoneNumbers().parsePhoneNumberFromString(number)
  if (parsed?.country) return parsed.country === region
  return parsed?.countryCallingCode === phoneNumbers().getCountryCallingCode(region)
}

/** Returns a number's range. Fraudsters rent whole ranges to earn from the codes that are sent to them. */
export function prefixOf(number: string): string {
  return number.slice(0, -4)
}

/** Reads the digits of a code, in any script. */
export function readCode(text: string): string {
  return phoneNumbers().parseIncompletePhoneNumber(text)
}

function invalidNumber(message: string) {
  return new InvalidRequest([{ path: "body.mobileNumber", message }])
}
