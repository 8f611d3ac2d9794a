import {
  type CountryCode,
  getCountryCallingCode,
  parseIncompletePhoneNumber,
  parsePhoneNumberFromString,
} from "libphonenumber-js/max"
import type { Region } from "../../config/env.ts"
import { InvalidRequest } from "../../utils/errors.ts"

/** E.164 allows 15 digits; fewer than 6 are no subscriber anywhere. The same as the table's check. */
const STORABLE = /^\+[1-9]\d{5,14}$/

/**
 * Reads what a person types for a mobile number: `+` and country code, or national to `defaultRegion`, in any
 * script's digits and with the usual spaces and dashes. What is possible for its country is taken, assigned or not.
 * @returns the number in E.164, the same for every way to write it
 * @throws {InvalidRequest} at `body.mobileNumber`
 */
export function readMobileNumber(text: string, defaultRegion: Region): string {
  // Address books wrap numbers into invisible marks of direction.
  const visible = text.replace(/\p{Cf}/gu, "").trim()
  const parsed = parsePhoneNumberFromString(visible, {
    defaultCountry: defaultRegion as CountryCode,
    extract: false,
  })
  if (!parsed?.isPossible() || parsed.ext || !STORABLE.test(parsed.number)) {
    throw invalidNumber("This is not one possible phone number.")
  }
  return parsed.number
}

/**
 * Checks that codes may be sent to `number` (E.164): its country is one of `regions`, or there is no such list.
 * A number that belongs to no country in particular counts by its calling code.
 * @throws {InvalidRequest} at `body.mobileNumber`
 */
export function checkSendable(number: string, regions: readonly string[]): void {
  if (regions.length > 0 && !regions.some((region) => isOf(number, region as CountryCode))) {
    throw invalidNumber("Codes are not sent to numbers of this country.")
  }
}

function isOf(number: string, region: CountryCode): boolean {
  const parsed = parsePhoneNumberFromString(number)
  if (parsed?.country) return parsed.country === region
  return parsed?.countryCallingCode === getCountryCallingCode(region)
}

/** The range a number is from. Ranges are what is rented to make codes cost their sender money. */
export function prefixOf(number: string): string {
  return number.slice(0, -4)
}

/** The digits of a code, typed on whatever keyboard. */
export function readCode(text: string): string {
  return parseIncompletePhoneNumber(text)
}

function invalidNumber(message: string) {
  return new InvalidRequest([{ path: "body.mobileNumber", message }])
}
