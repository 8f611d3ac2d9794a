import { formatNumber } from "../i18n/index.ts"

/** The size of a file, as a person would say it. */
export function sizeOf(bytes: number): string {
  const kilobytes = Math.max(1, Math.round(bytes / 1024))
  return kilobytes < 1024
    ? `${formatNumber(kilobytes)} KB`
    : `${formatNumber(Math.round(kilobytes / 102.4) / 10)} MB`
}
