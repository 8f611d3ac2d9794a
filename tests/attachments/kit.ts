import { crc32, deflateSync } from "node:zlib"
import type { Answer } from "../../tools/lib/http.ts"
import type { SignedIn, TestApp } from "../helpers/app.ts"

/** A whole PNG of one colour. `claim` is the size that its header has. */
export function png(width: number, height: number, claim = { width, height }): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(claim.width, 0)
  header.writeUInt32BE(claim.height, 4)
  header.set([8, 0, 0, 0, 0], 8)
  const pixels = deflateSync(Buffer.alloc((width + 1) * height))
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    pngChunk("IHDR", header),
    pngChunk("IDAT", pixels),
    pngChunk("IEND", Buffer.alloc(0)),
  ])
}

/** A PNG with `data` in a chunk of its own. */
export function pngWith(data: Buffer): Buffer {
  const image = png(2, 2)
  const size = Buffer.alloc(4)
  size.writeUInt32BE(data.length)
  const chunk = Buffer.concat([size, Buffer.from("teSt"), data, Buffer.alloc(4)])
  return Buffer.concat([image.subarray(0, 33), chunk, image.subarray(33)])
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data])
  const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  size.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([size, body, sum])
}

/** Headers, one frame and one scan, with a thumbnail's end mark before it. */
export function jpeg(width: number, height: number): Buffer {
  const segment = (marker: number, data: number[]) => [
    0xff,
    marker,
    (data.length + 2) >> 8,
    (data.length + 2) & 255,
    ...data,
  ]
  const size = [height >> 8, height & 255, width >> 8, width & 255]
  return Buffer.from([
    0xff,
    0xd8,
    ...segment(0xe1, [0xff, 0xd8, 0xff, 0xd9]),
    ...segment(0xc2, [8, ...size, 1, 1, 0x11, 0]),
    ...segment(0xda, [1, 1, 0, 0, 63, 0]),
    ...[1, 2, 3, 0xff, 0, 4, 5],
    0xff,
    0xd9,
  ])
}

/** One frame, a comment before it. */
export function gif(width: number, height: number, frame = { width, height }): Buffer {
  const sizeOf = (one: typeof frame) => [one.width & 255, one.width >> 8, one.height & 255, one.height >> 8]
  const size = sizeOf({ width, height })
  return Buffer.from([
    ...Buffer.from("GIF89a"),
    ...size,
    ...[0x80, 0, 0, ...[0, 0, 0, 255, 255, 255]],
    ...[0x21, 0xfe, 5, ...Buffer.from("hello"), 0],
    ...[0x2c, 0, 0, 0, 0, ...sizeOf(frame), 0, 2, 2, 0x4c, 1, 0],
    0x3b,
  ])
}

export function webp(width: number, height: number): Buffer {
  const bits = (width - 1) | ((height - 1) << 14)
  const data = Buffer.from([
    0x2f,
    bits & 255,
    (bits >> 8) & 255,
    (bits >> 16) & 255,
    (bits >> 24) & 255,
    0,
    0,
    0,
    0,
    0,
  ])
  const head = Buffer.from("RIFF....WEBPVP8L....", "latin1")
  head.writeUInt32LE(12 + data.length, 4)
  head.writeUInt32LE(data.length, 16)
  return Buffer.concat([head, data])
}

export const pdf = (pages: number) =>
  Buffer.from(
    `%PDF-1.4\n1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n2 0 obj <</Type /Pages /Kids [${"3 0 R ".repeat(Math.min(pages, 20))}] /Count ${pages}>> endobj\n3 0 obj <</Type /Page /Parent 2 0 R>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n`,
    "latin1",
  )

interface Sending {
  name?: string
  type?: string
  headers?: Record<string, string>
}

/** Uploads bytes as the body. */
export function upload(user: SignedIn, bytes: Buffer | string, { name, type, headers = {} }: Sending = {}) {
  const body = typeof bytes === "string" ? Buffer.from(bytes) : bytes
  const named: Record<string, string> =
    name === undefined
      ? {}
      : { "Content-Disposition": `attachment; filename*=UTF-8''${encodeURIComponent(name)}` }
  return user.http.post("/attachment", new Uint8Array(body), {
    headers: { "Content-Type": type ?? "application/octet-stream", ...named, ...headers },
  })
}

/** Uploads a file as a form. */
export async function uploadForm(app: TestApp, user: SignedIn, parts: FormData): Promise<Answer> {
  const response = await fetch(`${app.url}/attachment`, {
    method: "POST",
    headers: { Authorization: `Bearer ${user.token}` },
    body: parts,
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

export async function download(app: TestApp, user: SignedIn, id: string) {
  const response = await fetch(`${app.url}/attachment/${id}`, {
    headers: { Authorization: `Bearer ${user.token}` },
  })
  return {
    status: response.status,
    headers: response.headers,
    bytes: Buffer.from(await response.arrayBuffer()),
  }
}

/** What is stored of the user: rows, chunks, and the bytes that count. */
export async function stored(app: TestApp, user: SignedIn) {
  const [row] = await app.query(
    `SELECT (SELECT count(*)::int FROM attachments WHERE user_id = $1) AS files,
       (SELECT count(*)::int FROM attachment_chunks WHERE user_id = $1) AS chunks,
       coalesce((SELECT bytes::int FROM attachment_usage WHERE user_id = $1), 0) AS bytes,
       coalesce((SELECT sum(bytes)::int FROM attachments WHERE user_id = $1), 0) AS sum`,
    user.user.id,
  )
  return row as { files: number; chunks: number; bytes: number; sum: number }
}
