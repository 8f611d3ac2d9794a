import { createHash, createHmac, timingSafeEqual } from "node:crypto"
import type { IncomingMessage } from "node:http"

export interface Credentials {
  region: string
  accessKeyId: string
  secretAccessKey: string
}

/** Amazon takes no request whose clock is further away. */
const MOST_SKEW_MS = 15 * 60_000

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/, ]+)\/(\d{8})\/([\w-]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/

/**
 * Checks a request by AWS Signature Version 4, as S3 does
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html). Written from that page alone, so that
 * it shares no mistake with the client.
 * @returns the code of S3's error; null for a request that is signed as it should be
 */
export function refusalOf(
  req: Pick<IncomingMessage, "method" | "url" | "headers">,
  { region, accessKeyId, secretAccessKey }: Credentials,
  now = Date.now(),
): string | null {
  const [, id, day, signedRegion, names = "", signature = ""] =
    AUTHORIZATION.exec(req.headers.authorization ?? "") ?? []
  const time = String(req.headers["x-amz-date"] ?? "")
  if (id === undefined || !day || !time.startsWith(day)) return "AccessDenied"
  if (id !== accessKeyId) return "InvalidAccessKeyId"
  if (signedRegion !== region) return "AuthorizationHeaderMalformed"
  if (!(Math.abs(now - parseTime(time)) <= MOST_SKEW_MS)) return "RequestTimeTooSkewed"
  const signed = names.split(";")
  const required = ["host", ...Object.keys(req.headers).filter((name) => name.startsWith("x-amz-"))]
  if (!req.headers["x-amz-content-sha256"] || required.some((name) => !signed.includes(name)))
    return "AccessDenied"
  const scope = `${day}/${region}/s3/aws4_request`
  const toSign = ["AWS4-HMAC-SHA256", time, scope, sha256(canonicalRequest(req, signed))].join("\n")
  const key = [day, region, "s3", "aws4_request"].reduce<Buffer>(
    (above, part) => hmac(above, part),
    Buffer.from(`AWS4${secretAccessKey}`),
  )
  const isRight = timingSafeEqual(hmac(key, toSign), Buffer.from(signature, "hex"))
  return isRight ? null : "SignatureDoesNotMatch"
}

function canonicalRequest(
  { method, url = "/", headers }: Parameters<typeof refusalOf>[0],
  signed: string[],
): string {
  const [path, query = ""] = url.split("?")
  return [
    method,
    path,
    canonicalQuery(query),
    ...signed.map((name) => `${name}:${String(headers[name] ?? "").trim()}`),
    "",
    signed.join(";"),
    headers["x-amz-content-sha256"],
  ].join("\n")
}

/** By name, each name and value encoded, whether the client did so on the wire or not. */
const canonicalQuery = (query: string) =>
  [...new URLSearchParams(query)]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join("&")

const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)

/** `20261129T070000Z` */
function parseTime(time: string): number {
  const [, y, m, d, h, min, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? []
  return Date.parse(`${y}-${m}-${d}T${h}:${min}:${s}Z`)
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex")
const hmac = (key: Buffer, text: string) => createHmac("sha256", key).update(text).digest()
