import { GoogleGenAI } from "@google/genai"
import { describe, expect, test } from "vitest"
import { jpeg, pdf, png } from "../attachments/kit.ts"
import { MODEL, useGemini } from "./gemini-kit.ts"

const { simulator, models, post } = await useGemini()

const inline = (mimeType: string, bytes: Buffer) => ({
  inlineData: { mimeType, data: bytes.toString("base64") },
})
const ask = (...parts: object[]) =>
  models.generateContent({
    model: MODEL,
    contents: [{ role: "user", parts: [...parts, { text: "What is it?" }] }],
  })

describe("data within a request", () => {
  test("is seen, and told of in the reply", async () => {
    const [image, document] = [png(3, 3), pdf(1)]
    const { text } = await ask(inline("image/png", image), inline("application/pdf", document))
    expect(text).toContain(
      `Attached: image/png (${image.length} bytes), application/pdf (${document.length} bytes).`,
    )
    expect(simulator.calls()[0]?.media.map(({ mimeType }) => mimeType)).toEqual([
      "image/png",
      "application/pdf",
    ])
  })

  test.each([
    ["of a type that no model reads", inline("image/gif", Buffer.from("GIF89a"))],
    ["of a program", inline("application/zip", Buffer.from("PK"))],
    ["that isn't what its type says", inline("image/png", jpeg(1, 1))],
    ["without a byte", inline("text/plain", Buffer.alloc(0))],
    ["that is no base64", { inlineData: { mimeType: "text/plain", data: "!" } }],
  ])("%s is refused", async (_, part) => {
    await expect(ask(part)).rejects.toMatchObject({ status: 400 })
  })

  test("that is long is kept by its digest alone", async () => {
    await ask(inline("text/plain", Buffer.alloc(100_000, "a")))
    const [call] = simulator.calls()
    expect(JSON.stringify(call).length).toBeLessThan(10_000)
    expect(JSON.stringify(call)).toContain("sha256:")
  })
})

describe("the Files API", () => {
  const { files } = new GoogleGenAI({ apiKey: "test-key", httpOptions: { baseUrl: simulator.url } })
  const upload = (bytes: Buffer, mimeType: string) =>
    files.upload({ file: new Blob([new Uint8Array(bytes)]), config: { mimeType } })
  const named = ({ uri, mimeType }: { uri?: string; mimeType?: string }) => ({
    fileData: { fileUri: uri as string, mimeType: mimeType as string },
  })

  test("takes the SDK's uploads, and requests name them", async () => {
    const image = png(9, 9)
    const file = await upload(image, "image/png")
    expect(file).toMatchObject({ state: "ACTIVE", mimeType: "image/png", sizeBytes: String(image.length) })
    expect((await files.get({ name: file.name as string })).uri).toBe(file.uri)
    expect((await ask(named(file))).text).toContain(`Attached: image/png (${image.length} bytes).`)
    await files.delete({ name: file.name as string })
    await expect(files.get({ name: file.name as string })).rejects.toMatchObject({ status: 403 })
    await expect(ask(named(file))).rejects.toMatchObject({ status: 403 })
  })

  test("lets no request use a file that is processing, failed, expired or of another type", async () => {
    simulator.files.behaviour = { processingMs: 60_000 }
    const processing = await upload(pdf(1), "application/pdf")
    expect(processing.state).toBe("PROCESSING")
    simulator.files.behaviour = { becomes: "FAILED" }
    const failed = await upload(pdf(1), "application/pdf")
    expect(failed.state).toBe("FAILED")
    for (const file of [processing, failed])
      await expect(ask(named(file))).rejects.toMatchObject({ status: 400 })
    simulator.files.behaviour = {}
    const good = await upload(png(1, 1), "image/png")
    await expect(ask(named({ ...good, mimeType: "image/jpeg" }))).rejects.toMatchObject({ status: 400 })
    simulator.files.expireAll()
    await expect(ask(named(good))).rejects.toMatchObject({ status: 403 })
  })

  test("refuses what has another length than announced, and strangers", async () => {
    const start = (length: string, key = "test-key") =>
      fetch(`${simulator.url}/upload/v1/files`, {
        method: "POST",
        headers: {
          "x-goog-api-key": key,
          "x-goog-upload-protocol": "resumable",
          "x-goog-upload-command": "start",
          "x-goog-upload-header-content-length": length,
          "x-goog-upload-header-content-type": "text/plain",
        },
        body: "{}",
      })
    const url = (await start("10")).headers.get("x-goog-upload-url") as string
    const finalize = () =>
      fetch(url, {
        method: "POST",
        headers: {
          "x-goog-api-key": "k",
          "x-goog-upload-offset": "0",
          "x-goog-upload-command": "upload, finalize",
        },
        body: "short",
      })
    expect((await finalize()).status).toBe(400)
    expect((await finalize()).status).toBe(404)
    expect((await start("0")).status).toBe(400)
    expect((await start("10", "")).status).toBe(403)
    expect((await post("/v1/files", {})).status).toBe(404)
    expect(simulator.files.all).toEqual([])
  })
})
