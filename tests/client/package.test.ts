import { execFile } from "node:child_process"
import { access, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, test } from "vitest"
import { chat } from "../../packages/client/examples/chat.ts"
import { newMobileNumber, startTestApp, type TestApp } from "../helpers/app.ts"

const ROOT = resolve(import.meta.dirname, "../..")
const CLIENT = join(ROOT, "packages/client")
const run = promisify(execFile)

let app: TestApp
let folder: string

beforeAll(async () => {
  app = await startTestApp()
  // Below the project, so that what it is built with is found.
  folder = await mkdtemp(join(ROOT, "node_modules/.client-"))
})
afterAll(async () => {
  await app.close()
  await rm(folder, { recursive: true })
})

test("the example signs in, asks and shows the reply", async () => {
  let shown = ""
  const text = await chat({ url: app.url, number: newMobileNumber(), message: "Hello" }, (piece) => {
    shown += piece
  })
  expect(text).toContain("Hello")
  expect(shown).toBe(text)
})

test("the built package has everything that it exports, works and has types", async () => {
  await compile("-p", CLIENT, "--outDir", join(folder, "dist"))
  await symlink(join(CLIENT, "package.json"), join(folder, "package.json"))
  const { exports } = JSON.parse(await readFile(join(CLIENT, "package.json"), "utf8"))
  for (const { types, default: code } of Object.values<{ types: string; default: string }>(exports)) {
    await access(join(folder, types))
    await import(pathToFileURL(join(folder, code)).href)
  }
  const { createClient } = await import(pathToFileURL(join(folder, "dist/index.js")).href)
  expect(await createClient({ baseUrl: app.url }).call("GET /")).toBe("Home Route")
  await writeFile(join(folder, "consumer.ts"), CONSUMER)
  await compile(
    "--ignoreConfig",
    "--skipLibCheck",
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--lib",
    "es2024,dom",
    join(folder, "consumer.ts"),
  )
})

/** Compiles only where the declarations are found and say what they should. */
const CONSUMER = `
import { createClient } from "gemini-chat-client"
import { createRoomTransport } from "gemini-chat-client/ai"
const client = createClient({ baseUrl: "" })
export const home: Promise<string> = client.call("GET /")
export const transport = createRoomTransport({ client })
// @ts-expect-error there is no such endpoint
client.call("GET /nowhere")
// @ts-expect-error a room has an id
client.call("GET /chatroom/{id}")
`

const compile = (...args: string[]) =>
  run(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), ...args]).catch((error) => {
    throw new Error(error.stdout)
  })
