import type { IncomingMessage, Server, ServerResponse } from "node:http"
import type { Timing, UploadTimeout } from "../config/timing.ts"

/** Less of an upload in a whole window isn't sending: a modem sends more in a second. */
const UPLOAD_LEAST_BYTES = 16 * 1024

/** Node's limit for a whole request, which is one for all routes: the longest that any body may take. */
export function longestRequestMs(http: Timing["http"]): number {
  return Math.max(http.requestTimeoutMs, http.uploadTimeoutMs, http.importTimeoutMs)
}

/**
 * Cuts off requests whose body takes longer than `requestTimeoutMs`, whether or not a route reads it. Uploads get a
 * time of their own, as long as they go on.
 */
export function cutOffSlowBodies(
  server: Server,
  uploadTimeoutOf: (req: IncomingMessage) => UploadTimeout | null,
  http: Timing["http"],
): void {
  server.prependListener("request", (req, res) => {
    if (!hasBody(req)) return
    const upload = uploadTimeoutOf(req)
    const timers = [setTimeout(() => cutOff(req, res), http[upload ?? "requestTimeoutMs"])]
    if (upload) timers.push(watchProgress(req, res, http.slowUploadMs))
    // Also emitted once a body that nobody reads has come to its end.
    req.once("close", () => timers.forEach(clearTimeout))
  })
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0
}

function watchProgress(req: IncomingMessage, res: ServerResponse, windowMs: number): NodeJS.Timeout {
  let seen = req.socket.bytesRead
  return setInterval(() => {
    if (req.complete) return
    if (req.socket.bytesRead - seen < UPLOAD_LEAST_BYTES) cutOff(req, res)
    seen = req.socket.bytesRead
  }, windowMs)
}

/** Responds as Node does when its own limit is reached. */
function cutOff(req: IncomingMessage, res: ServerResponse): void {
  if (req.complete) return
  const { socket } = req
  if (!res.headersSent && socket.writable)
    socket.write("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n")
  socket.destroy()
}
