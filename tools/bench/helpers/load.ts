import { connect, type Socket } from "node:net"

/** Makes the next request of one of the connections. `answer` is the body of the answer to its last one. */
export type NextRequest = (connection: number, answer: Buffer) => Buffer

export interface LoadOptions {
  port: number
  connections: number
  next: NextRequest
  /** Stops after so long, or after `count` answers. */
  until: { ms: number } | { count: number }
}

export interface Load {
  answers: number
  perSecond: number
  /** Milliseconds of a processor that other parts than the measured process have spent. */
  parts?: Record<string, number>
}

/** @returns the bytes of a request, with a JSON body where there is one */
export function request(method: string, path: string, token: string | null, body?: unknown): Buffer {
  const text = body === undefined ? "" : JSON.stringify(body)
  const head = [
    `${method} ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    ...(token === null ? [] : [`Authorization: Bearer ${token}`]),
    ...(text ? ["Content-Type: application/json", `Content-Length: ${Buffer.byteLength(text)}`] : []),
  ]
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${text}`)
}

/**
 * Keeps every connection busy with one request after the other. It reads no more of an answer than its status and
 * its length, so that on two cores the time goes into the server and not into its client.
 * @throws for an answer that isn't 2xx, and for a connection that breaks
 */
export async function drive({ port, connections, next, until }: LoadOptions): Promise<Load> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)))
  const startedAt = performance.now()
  const endsAt = "ms" in until ? startedAt + until.ms : Number.POSITIVE_INFINITY
  const wanted = "count" in until ? until.count : Number.POSITIVE_INFINITY
  let sent = 0
  let answers = 0
  let endedAt = startedAt
  const take = (connection: number, answer: Buffer) => {
    if (sent >= wanted || performance.now() >= endsAt) return null
    sent++
    return next(connection, answer)
  }
  const answered = () => {
    answers++
    endedAt = performance.now()
  }
  try {
    await Promise.all(
      sockets.map((socket, connection) => converse(socket, (answer) => take(connection, answer), answered)),
    )
  } finally {
    for (const socket of sockets) socket.destroy()
  }
  return { answers, perSecond: (answers / (endedAt - startedAt)) * 1000 }
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true })
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject))
  return socket
}

/** What is kept of an answer for the next request, and no less than a code or an id takes. */
const KEPT_BYTES = 4 * 1024

/** Sends what `take` gives, each after the answer to the last, until it gives null. */
function converse(
  socket: Socket,
  take: (answer: Buffer) => Buffer | null,
  answered: () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let head: Buffer | null = null
    let body: Buffer = Buffer.alloc(0)
    let missing = 0

    function ask(): void {
      const bytes = take(body)
      if (bytes === null) {
        resolve()
        return
      }
      head = Buffer.alloc(0)
      socket.write(bytes)
    }

    function receive(chunk: Buffer): void {
      if (head === null) {
        missing -= chunk.length
        if (body.length < KEPT_BYTES) body = Buffer.concat([body, chunk])
      } else {
        head = head.length === 0 ? chunk : Buffer.concat([head, chunk])
        const end = head.indexOf("\r\n\r\n")
        if (end < 0) return
        body = head.subarray(end + 4)
        missing = bodyLength(head.toString("latin1", 0, end + 2)) - body.length
        head = null
      }
      if (missing > 0) return
      answered()
      ask()
    }

    socket.on("data", (chunk) => {
      try {
        receive(chunk)
      } catch (error) {
        reject(error)
      }
    })
    socket.once("error", reject)
    socket.once("close", () => reject(new Error("The server closed a connection under load.")))
    ask()
  })
}

/** @throws for an answer that isn't 2xx */
function bodyLength(head: string): number {
  if (!head.startsWith("HTTP/1.1 2")) throw new Error(`A measured request failed:\n${head}`)
  const length = /^content-length: (\d+)/im.exec(head)?.[1]
  if (length === undefined) throw new Error(`An answer has no Content-Length:\n${head}`)
  return Number(length)
}
