import { crc32, deflateSync } from "node:zlib"
import type { User } from "../../lib/client.ts"
import type { Random } from "../../lib/random.ts"
import type { SentFile } from "../exchange.ts"
import type { State } from "../load.ts"

/** Uploads a small file like no other: an image, a PDF or a text. */
export async function uploadFile({ client }: State, user: User, random: Random): Promise<SentFile> {
  const mark = `${random.int(0, 999_999_999)}`
  const { name, type, bytes } = random.pick([png, pdf, text])(mark)
  const headers = {
    "Content-Type": "application/octet-stream",
    "Content-Disposition": `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
  }
  const { status, body } = await client.post("/attachment", new Uint8Array(bytes), {
    token: await user.token(),
    headers,
  })
  if (status !== 201) throw new Error(`not uploaded: ${JSON.stringify(body)}`)
  return { id: body.id, name: body.name, type, bytes }
}

type NewFile = Omit<SentFile, "id">

/** Four pixels, with the mark in a chunk that no reader needs. */
function png(mark: string): NewFile {
  const header = Buffer.from([0, 0, 0, 2, 0, 0, 0, 2, 8, 0, 0, 0, 0])
  const bytes = Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("tEXt", Buffer.from(`mark\0${mark}`)),
    chunk("IDAT", deflateSync(Buffer.alloc(6))),
    chunk("IEND", Buffer.alloc(0)),
  ])
  return { name: `ein Bild ${mark}.png`, type: "image/png", bytes }
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data])
  const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  size.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([size, body, sum])
}

/** One page. */
function pdf(mark: string): NewFile {
  const objects = [
    "1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj",
    "2 0 obj <</Type /Pages /Kids [3 0 R] /Count 1>> endobj",
    "3 0 obj <</Type /Page /Parent 2 0 R>> endobj",
    "trailer <</Root 1 0 R>>",
  ]
  const bytes = Buffer.from(`%PDF-1.4\n% ${mark}\n${objects.join("\n")}\n%%EOF\n`, "latin1")
  return { name: `文書 ${mark}.pdf`, type: "application/pdf", bytes }
}

function text(mark: string): NewFile {
  return {
    name: `notes ${mark}.txt`,
    type: "text/plain",
    bytes: Buffer.from(`What is ${mark}? Naïvement.\n`),
  }
}
