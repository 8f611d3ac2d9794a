import { AwsV4Signer } from "aws4fetch"
import { type ObjectStoreAddress, readAttachmentsUrl } from "../../config/attachments-url.ts"

/** Files outside the database, by key. */
export interface ObjectStore {
  /** @throws {ObjectStoreFailed} and the signal's reason */
  put(object: NewObject, signal: AbortSignal): Promise<void>
  /** Reads an object as fast as it is asked for. @throws {ObjectStoreFailed} and the signal's reason */
  get(key: string, signal: AbortSignal): AsyncGenerator<Buffer>
  /** Deletes an object; one that isn't there is no error. @throws {ObjectStoreFailed} and the signal's reason */
  remove(key: string, signal: AbortSignal): Promise<void>
}

export interface NewObject {
  key: string
  bytes: number
  /** Of the content, as hexadecimal text; it is signed, so that the store notices what was damaged on its way. */
  sha256: string
  content: AsyncIterable<Uint8Array>
}

/** Names the store's error by its status and, without what the request had in it, its code. */
export class ObjectStoreFailed extends Error {
  override name = "ObjectStoreFailed"
  /** Read by the error handler: the store is down, so the service is unavailable. */
  readonly code = "ECONNABORTED"
}

/** @param timeoutMs for a whole request, whatever its size */
export function createObjectStore(url: string | null, timeoutMs: number): ObjectStore | null {
  const address = url === null ? null : readAttachmentsUrl(url)
  if (!address) return null
  const call = (method: string, key: string, signal: AbortSignal, more: Partial<Signed> = {}) =>
    send(
      address,
      { method, key, headers: {}, ...more },
      AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    )
  return {
    async put({ key, bytes, sha256, content }, signal) {
      const headers = { "Content-Length": String(bytes), "X-Amz-Content-Sha256": sha256 }
      const response = await call("PUT", key, signal, { headers, body: content })
      await response.body?.cancel()
    },
    async *get(key, signal) {
      const response = await call("GET", key, signal)
      for await (const chunk of response.body ?? []) yield Buffer.from(chunk)
    },
    async remove(key, signal) {
      const response = await call("DELETE", key, signal)
      await response.body?.cancel()
    },
  }
}

interface Signed {
  method: string
  key: string
  headers: Record<string, string>
  body?: AsyncIterable<Uint8Array>
}

async function send(
  { baseUrl, ...credentials }: ObjectStoreAddress,
  { method, key, headers, body }: Signed,
  signal: AbortSignal,
): Promise<Response> {
  const signer = new AwsV4Signer({
    ...credentials,
    service: "s3",
    method,
    url: baseUrl + key,
    headers: toSigned(headers),
  })
  const signed = await signer.sign()
  const response = await fetch(signed.url, {
    method,
    headers: { ...Object.fromEntries(signed.headers), ...headers },
    signal,
    ...(body ? { body: ReadableStream.from(body), duplex: "half" } : {}),
  } as RequestInit)
  if (response.ok || (method === "DELETE" && response.status === 404)) return response
  const code = /<Code>(\w{1,60})<\/Code>/.exec(await response.text().catch(() => ""))?.[1] ?? ""
  throw new ObjectStoreFailed(`the object store responded with ${response.status} ${code}`.trim())
}

/** The length is for the connection; proxies on the way may send the body in chunks. */
function toSigned({ "Content-Length": _, ...headers }: Record<string, string>): Record<string, string> {
  return headers
}
