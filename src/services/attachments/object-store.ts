import { AwsV4Signer } from "aws4fetch"
import { type ObjectStoreAddress, readAttachmentsUrl } from "../../config/attachments-url.ts"

/** Files outside the database, by key. */
export interface ObjectStore {
  /** @throws {ObjectStoreFailed} and the signal's reason */
  put(object: NewObject, signal: AbortSignal): Promise<void>
  /**
   * Reads an object as fast as it is asked for, however slow that is.
   * @throws {ObjectStoreFailed} and the signal's reason
   */
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

/** The store's error by its status and, without what the request had in it, its code; or no response at all. */
export class ObjectStoreFailed extends Error {
  override name = "ObjectStoreFailed"
  /** Read by the error handler: the store is down, so the service is unavailable. */
  readonly code = "ECONNABORTED"
}

/** @param timeoutMs for a request, and while an object is read for each wait for the store */
export function createObjectStore(url: string | null, timeoutMs: number): ObjectStore | null {
  const address = url === null ? null : readAttachmentsUrl(url)
  if (!address) return null
  const inTime = (signal: AbortSignal) => AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  return {
    async put({ key, ...body }, signal) {
      const response = await send(address, { method: "PUT", key, body }, inTime(signal))
      await response.body?.cancel()
    },
    get: (key, signal) => read(address, key, { signal, timeoutMs }),
    async remove(key, signal) {
      const response = await send(address, { method: "DELETE", key }, inTime(signal))
      await response.body?.cancel()
    },
  }
}

/** The time that the reader takes between two chunks isn't the store's. */
async function* read(
  address: ObjectStoreAddress,
  key: string,
  { signal, timeoutMs }: { signal: AbortSignal; timeoutMs: number },
): AsyncGenerator<Buffer> {
  const late = new AbortController()
  const start = () =>
    setTimeout(() => late.abort(new ObjectStoreFailed("the object store is silent")), timeoutMs)
  let timer = start()
  try {
    const either = AbortSignal.any([signal, late.signal])
    const response = await send(address, { method: "GET", key }, either)
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer)
      yield Buffer.from(chunk)
      timer = start()
    }
  } finally {
    clearTimeout(timer)
  }
}

interface ObjectRequest {
  method: string
  key: string
  body?: Omit<NewObject, "key">
}

async function send(
  { baseUrl, ...credentials }: ObjectStoreAddress,
  { method, key, body }: ObjectRequest,
  signal: AbortSignal,
): Promise<Response> {
  const signer = new AwsV4Signer({
    ...credentials,
    service: "s3",
    method,
    url: baseUrl + key,
    headers: body ? { "X-Amz-Content-Sha256": body.sha256 } : {},
  })
  const signed = await signer.sign()
  // Not signed: proxies on the way may send the body in chunks.
  if (body) signed.headers.set("Content-Length", String(body.bytes))
  const response = await reach(signed.url, {
    method,
    headers: signed.headers,
    signal,
    ...(body ? { body: ReadableStream.from(body.content), duplex: "half" } : {}),
  } as RequestInit)
  if (response.ok || (method === "DELETE" && response.status === 404)) return response
  const code = /<Code>(\w{1,60})<\/Code>/.exec(await response.text().catch(() => ""))?.[1] ?? ""
  throw new ObjectStoreFailed(`the object store responded with ${response.status} ${code}`.trim())
}

/** What can't be reached is down, whatever Node calls it. @throws {ObjectStoreFailed} and the signal's reason */
async function reach(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (cause) {
    init.signal?.throwIfAborted()
    throw new ObjectStoreFailed("the object store can't be reached", { cause })
  }
}
