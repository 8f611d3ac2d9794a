import { z } from "zod"
import type { ApiVersion } from "../../../config/env.ts"
import { pause, SECOND } from "../../../utils/time.ts"
import { AttemptFailed } from "./failures.ts"
import { GOOGLE } from "./gemini.ts"
import { findError, toFailure } from "./read-error.ts"
import { toAttemptFailed } from "./transport-errors.ts"

/** A file that the provider keeps for us, ready for use. */
export interface ProviderFile {
  name: string
  uri: string
  /** When the provider deletes it: two days after its upload. */
  expiresAt: Date
}

/** The provider's Files API (https://ai.google.dev/gemini-api/docs/files). */
export interface ProviderFiles {
  /**
   * Uploads a file and waits until it can be used.
   * @param onUnused is told the name of a file that the provider has, but that nobody will use as the wait failed; it
   * doesn't throw
   * @throws {AttemptFailed} and the signal's reason
   */
  upload(file: NewProviderFile, signal: AbortSignal, onUnused: OnUnused): Promise<ProviderFile>
  /** Deletes a file; one that isn't there any more is no error. @throws {AttemptFailed} */
  remove(name: string, signal: AbortSignal): Promise<void>
}

export type OnUnused = (name: string) => Promise<void>

export interface NewProviderFile {
  type: string
  bytes: number
  content: AsyncIterable<Uint8Array>
}

export interface ProviderFilesOptions {
  apiKey: string
  /** null: Google's. */
  baseUrl: string | null
  /** null: the SDK's own. */
  apiVersion: ApiVersion | null
  /** How long a file may take to come to its end and be ready. */
  timeoutMs: number
  /** How often the provider is asked whether a file is ready. */
  pollMs: number
}

const State = z.object({
  name: z.string().regex(/^files\/[\w-]{1,100}$/),
  uri: z.url(),
  state: z.string().default("ACTIVE"),
  expirationTime: z.coerce.date().optional(),
})
type State = z.infer<typeof State>

interface Options extends ProviderFilesOptions {
  baseUrl: string
  apiVersion: ApiVersion
}

export function createProviderFiles(given: ProviderFilesOptions): ProviderFiles {
  const options = { ...given, baseUrl: given.baseUrl ?? GOOGLE, apiVersion: given.apiVersion ?? "v1" }
  const { timeoutMs } = options
  return {
    async upload(file, signal, onUnused) {
      const late = AbortSignal.timeout(timeoutMs)
      try {
        return await upload(options, file, AbortSignal.any([signal, late]), onUnused)
      } catch (error) {
        signal.throwIfAborted()
        if (late.aborted)
          throw new AttemptFailed("provider_unreachable", "the provider took too long for a file")
        throw toAttemptFailed(error)
      }
    },
    async remove(name, signal) {
      const url = `${options.baseUrl}/${options.apiVersion}/${name}`
      try {
        await request(
          options,
          url,
          { method: "DELETE", signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) },
          [403, 404],
        )
      } catch (error) {
        throw toAttemptFailed(error)
      }
    },
  }
}

/** The resumable protocol, in one piece: a file that was cut off is sent again with the next attempt. */
async function upload(
  options: Options,
  { type, bytes, content }: NewProviderFile,
  signal: AbortSignal,
  onUnused: OnUnused,
): Promise<ProviderFile> {
  const started = await request(options, `${options.baseUrl}/upload/${options.apiVersion}/files`, {
    method: "POST",
    signal,
    headers: {
      "Content-Type": "application/json",
      "X-Goog-Upload-Protocol": "resumable",
      "X-Goog-Upload-Command": "start",
      "X-Goog-Upload-Header-Content-Length": String(bytes),
      "X-Goog-Upload-Header-Content-Type": type,
    },
    // Without its name, which is the user's own words.
    body: '{"file":{}}',
  })
  const sent = await request(options, uploadUrl(options, started), {
    method: "POST",
    signal,
    headers: {
      "Content-Length": String(bytes),
      "X-Goog-Upload-Offset": "0",
      "X-Goog-Upload-Command": "upload, finalize",
    },
    body: ReadableStream.from(content),
    duplex: "half",
  } as RequestInit)
  const file = read(((await sent.json()) as { file?: unknown }).file)
  try {
    return await untilActive(options, file, signal)
  } catch (error) {
    await onUnused(file.name)
    throw error
  }
}

/** Behind a gateway the provider's own host may be out of reach, so only the path counts, as for the SDK. */
function uploadUrl({ baseUrl }: Options, started: Response): string {
  const url = URL.parse(started.headers.get("x-goog-upload-url") ?? "")
  if (!url) throw new AttemptFailed("interrupted", "the provider gave no address for a file")
  const base = new URL(baseUrl)
  url.protocol = base.protocol
  url.host = base.host
  return url.href
}

async function untilActive(options: Options, first: State, signal: AbortSignal): Promise<ProviderFile> {
  let file = first
  while (file.state === "PROCESSING") {
    await pause(options.pollMs, signal)
    signal.throwIfAborted()
    const url = `${options.baseUrl}/${options.apiVersion}/${file.name}`
    file = read(await (await request(options, url, { signal })).json())
  }
  if (file.state !== "ACTIVE") throw new AttemptFailed("provider_refused", `a file became ${file.state}`)
  return {
    name: file.name,
    uri: file.uri,
    expiresAt: file.expirationTime ?? new Date(Date.now() + UNKNOWN_LIFE_MS),
  }
}

/** A provider that doesn't say when a file expires is trusted with it for one attempt alone. */
const UNKNOWN_LIFE_MS = 1 * SECOND

function read(body: unknown): State {
  const parsed = State.safeParse(body)
  if (!parsed.success) throw new AttemptFailed("interrupted", "the provider described a file in no known way")
  return parsed.data
}

/** @throws {AttemptFailed} for an error of the provider, except one of these statuses */
async function request(
  { apiKey }: Options,
  url: string,
  init: RequestInit,
  fine: readonly number[] = [],
): Promise<Response> {
  const response = await fetch(url, { ...init, headers: { ...init.headers, "x-goog-api-key": apiKey } })
  if (response.ok) return response
  const body = await response.text().catch(() => "")
  if (fine.includes(response.status)) return response
  throw toFailure(response.status, findError(body))
}
