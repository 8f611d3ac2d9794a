import { ApiError, client } from "./client.ts"

export interface SentFile {
  path: "/attachment" | "/chatroom/import"
  file: Blob
  headers: Record<string, string>
  /** Called with what is sent so far, from 0 to 1. */
  onProgress(share: number): void
  signal: AbortSignal
}

/**
 * Sends a file, again where the access token had expired. `fetch` doesn't tell how much of a body is sent.
 * @throws {ApiError} when the service refuses; {TypeError} when it can't be reached; the signal's reason
 */
export async function sendFile<T>(sent: SentFile): Promise<T> {
  const first = await post(sent)
  if (first.ok) return first.json()
  const error = await ApiError.from(first)
  if (error.code !== "unauthenticated") throw error
  // Any call renews the token.
  await client.call("GET /user/me")
  const second = await post(sent)
  if (second.ok) return second.json()
  throw await ApiError.from(second)
}

async function post({ path, file, headers, onProgress, signal }: SentFile): Promise<Response> {
  const tokens = await client.tokens.get()
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open("POST", path)
    request.setRequestHeader("Authorization", `Bearer ${tokens?.token}`)
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    request.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 0 : loaded / total)
    request.onload = () => resolve(toResponse(request))
    request.onerror = () => reject(new TypeError("The file could not be sent."))
    request.onabort = () => reject(signal.reason)
    signal.addEventListener("abort", () => request.abort(), { once: true })
    request.send(file)
  })
}

function toResponse(request: XMLHttpRequest): Response {
  const type = request.getResponseHeader("Content-Type") ?? ""
  return new Response(request.responseText || null, {
    status: request.status,
    headers: { "Content-Type": type },
  })
}
