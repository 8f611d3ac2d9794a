import { decodeUri } from "../utils/text.ts"

/** A parsed `ATTACHMENTS_URL`: a bucket of an S3-compatible store, addressed by its path. */
export interface ObjectStoreAddress {
  /** Where keys are appended to: endpoint, bucket and prefix, with a slash at the end. */
  baseUrl: string
  region: string
  accessKeyId: string
  secretAccessKey: string
}

/** What S3-compatible stores other than Amazon's mostly call theirs. */
const USUAL_REGION = "us-east-1"

/**
 * Parses `s3://KEY:SECRET@HOST[:PORT]/BUCKET[/PREFIX][?region=REGION]`, or the same with `s3+http` for a store without
 * TLS on a private network. Key and secret are percent-encoded where they have other characters than URLs allow.
 * @returns null for anything else
 */
export function readAttachmentsUrl(url: string): ObjectStoreAddress | null {
  const [, plain, rest] = /^s3(\+http)?:(\/\/.*)$/s.exec(url) ?? []
  const parsed = rest === undefined ? null : URL.parse(`${plain ? "http" : "https"}:${rest}`)
  if (!parsed?.username || !parsed.password || parsed.hash) return null
  const { region = USUAL_REGION, ...others } = Object.fromEntries(parsed.searchParams)
  const path = parsed.pathname.replace(/\/{1,9}$/, "")
  const isBucket =
    /^(?:\/[\w.-]{1,255}){1,10}$/.test(path) && !path.split("/").some((part) => /^\.+$/.test(part))
  if (!isBucket || !/^[\w-]{1,50}$/.test(region) || Object.keys(others).length > 0) return null
  return {
    baseUrl: `${parsed.origin}${path}/`,
    region,
    accessKeyId: decodeUri(parsed.username),
    secretAccessKey: decodeUri(parsed.password),
  }
}
