import { signal } from "@preact/signals"
import { ApiError, client, type Import } from "../api/client.ts"
import { sendFile } from "../api/send-file.ts"
import { t } from "../i18n/index.ts"
import { onSession } from "../state/session.ts"
import { wordsOf } from "../ui/errors.ts"
import { loadRooms } from "./rooms.ts"

/** An import, from the file that is chosen to what became of it. */
export type ImportState =
  | { at: "sending"; name: string; share: number; cancel(): void }
  | { at: "running"; report: Import }
  | { at: "ended"; report: Import }
  | { at: "failed"; words: string }

/** The user's import; null where none was begun. It goes on while nobody looks, and over reloads. */
export const currentImport = signal<ImportState | null>(null)

/** Where a running import is kept, to be found again. */
const KEY = "chat.import"

const POLL_MS = 1_000

let following: AbortController | null = null

export async function startImport(file: File): Promise<void> {
  const ending = new AbortController()
  const cancel = () => {
    ending.abort()
    currentImport.value = null
  }
  currentImport.value = { at: "sending", name: file.name, share: 0, cancel }
  try {
    const report = await sendFile<Import>({
      path: "/chatroom/import",
      file,
      headers: { "Content-Type": "application/json" },
      onProgress(share) {
        if (!ending.signal.aborted) currentImport.value = { at: "sending", name: file.name, share, cancel }
      },
      signal: ending.signal,
    })
    localStorage.setItem(KEY, report.id)
    follow(report)
  } catch (error) {
    if (ending.signal.aborted) return
    currentImport.value = {
      at: "failed",
      words: wordsOf(error, { unsupported_media_type: t.import.archive }),
    }
  }
}

/** Forgets what became of an import, to begin another. */
export function clearImport(): void {
  localStorage.removeItem(KEY)
  currentImport.value = null
}

function follow(report: Import): void {
  currentImport.value = report.completedAt === null ? { at: "running", report } : { at: "ended", report }
  // Rooms of a running import come by the stream of the list, and can be used already.
  if (report.completedAt === null) setTimeout(() => void look(report.id), POLL_MS)
  else void loadRooms()
}

async function look(id: string): Promise<void> {
  const { signal } = following ?? new AbortController()
  if (signal.aborted || localStorage.getItem(KEY) !== id) return
  try {
    const report = await client.getImport(id, { signal })
    if (localStorage.getItem(KEY) === id) follow(report)
  } catch (error) {
    if (signal.aborted) return
    // Without a network it is asked again; a report is kept for a day.
    if (!(error instanceof ApiError) || error.status !== 404) setTimeout(() => void look(id), 5 * POLL_MS)
    else {
      localStorage.removeItem(KEY)
      currentImport.value = { at: "failed", words: t.import.gone }
    }
  }
}

onSession(() => {
  following = new AbortController()
  const id = localStorage.getItem(KEY)
  if (id !== null) void look(id)
  return () => {
    following?.abort()
    if (currentImport.peek()?.at === "sending") (currentImport.peek() as { cancel(): void }).cancel()
    currentImport.value = null
  }
})
