import { execFile } from "node:child_process"
import { access, cp, mkdir, readdir, readFile, rename, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, test } from "vitest"
import { chat } from "../../packages/client/examples/chat.ts"
import { newMobileNumber } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { ROOT, testFolder } from "./programs.ts"

const CLIENT = join(ROOT, "packages/client")
/** What building the client takes, beside `node_modules`. */
const BUILT_WITH = [
  "bin",
  "tools/scripts",
  "tools/lib",
  "package.json",
  "package-lock.json",
  ".npmrc",
  "tsconfig.json",
]
const run = promisify(execFile)

/** A project that has the package installed. */
const folder = testFolder(afterAll)
/** Where it lies there. */
const installed = join(folder, "node_modules/gemini-chat-client")
/** The paths that npm says are in it. */
let packed: string[]

const app = useTestApp()
beforeAll(async () => {
  const { files, archive } = await pack(await copyProject())
  packed = files
  await run("tar", ["-xzf", archive, "-C", folder])
  await writeFile(join(folder, "package.json"), '{ "type": "module" }')
  await mkdir(join(folder, "node_modules"))
  await rename(join(folder, "package"), installed)
  await symlink(join(ROOT, "node_modules/ai"), join(folder, "node_modules/ai"))
})

test("the example signs in, asks and shows the reply", async () => {
  let shown = ""
  const text = await chat({ url: app.url, number: newMobileNumber(), message: "Hello" }, (piece) => {
    shown += piece
  })
  expect(text).toContain("Hello")
  expect(shown).toBe(text)
})

test("the package holds the code with its types and source maps, the README and the licence, and nothing else", async () => {
  const sources = (await readdir(join(CLIENT, "src"))).map((file) => file.replace(/\.ts$/, ""))
  const built = sources.flatMap((name) => [".js", ".js.map", ".d.ts"].map((end) => `dist/${name}${end}`))
  expect(packed.toSorted()).toEqual(["LICENSE", "README.md", "package.json", ...built].toSorted())
  const [ours, theirs] = [ROOT, installed].map((place) => readFile(join(place, "LICENSE"), "utf8"))
  expect(await theirs).toBe(await ours)
})

test("the package has everything that it exports, works and has types", async () => {
  const { exports } = JSON.parse(await readFile(join(installed, "package.json"), "utf8"))
  for (const { types, default: code } of Object.values<{ types: string; default: string }>(exports)) {
    await access(join(installed, types))
    await import(pathToFileURL(join(installed, code)).href)
  }
  const { createClient } = await import(pathToFileURL(join(installed, "dist/index.js")).href)
  expect(await createClient({ baseUrl: app.url }).call("GET /")).toBe("Home Route")
  await compile({ "consumer.ts": CONSUMER })
})

test("the README's examples compile", async () => {
  const readme = await readFile(join(CLIENT, "README.md"), "utf8")
  const blocks = [...readme.matchAll(/^```tsx?\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block)
  expect(blocks.length).toBeGreaterThan(4)
  const files = blocks.map((block, i) => [
    `example-${i}.ts`,
    block.includes("createClient(") ? block : `${aroundOf(block)}${block}`,
  ])
  await compile({ "around.d.ts": AROUND_EXAMPLES, ...Object.fromEntries(files) })
})

test("the README pins the AI SDK that the client is tested with", async () => {
  const readme = await readFile(join(CLIENT, "README.md"), "utf8")
  const { devDependencies } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"))
  expect(readme).toContain(`npm install ai@${devDependencies.ai} @ai-sdk/react@`)
})

/** Type-checks files of the project that has the package. */
async function compile(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  const flags = "--ignoreConfig --skipLibCheck --noEmit --strict --module nodenext --lib es2024,dom"
  const names = Object.keys(files).map((name) => join(folder, name))
  const tsc = [join(ROOT, "node_modules/typescript/bin/tsc"), ...flags.split(" "), ...names]
  await run(process.execPath, tsc).catch(({ stdout }) => expect.fail(stdout))
}

/** As in a fresh clone: a `dist` that was built before would hide that nothing builds it. */
async function copyProject(): Promise<string> {
  const copy = join(folder, "project")
  await mkdir(copy)
  for (const name of BUILT_WITH) await cp(join(ROOT, name), join(copy, name), { recursive: true })
  const isSource = (path: string) => path !== join(CLIENT, "dist")
  await cp(CLIENT, join(copy, "packages/client"), { recursive: true, filter: isSource })
  await symlink(join(ROOT, "node_modules"), join(copy, "node_modules"))
  return copy
}

/** Runs `npm pack` as somebody who publishes would, for whom npm runs no scripts elsewhere. No network is needed. */
async function pack(project: string): Promise<{ files: string[]; archive: string }> {
  await writeFile(join(folder, "npmrc"), "ignore-scripts=true\n")
  // What the npm that runs the tests was told isn't meant for this one.
  const inherited = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))
  const npm = process.env.npm_execpath
  const command = npm ? [process.execPath, npm] : ["npm"]
  const [program = "", ...args] = [...command, "pack", "--json", "--pack-destination", folder]
  const env = {
    ...Object.fromEntries(inherited),
    npm_config_userconfig: join(folder, "npmrc"),
    npm_config_cache: join(folder, "cache"),
    npm_config_offline: "true",
    npm_config_registry: "http://127.0.0.1:1",
    npm_config_update_notifier: "false",
  }
  const { stdout } = await run(program, args, { cwd: join(project, "packages/client"), env })
  const [{ files, filename }] = JSON.parse(stdout)
  return { files: files.map(({ path }: { path: string }) => path), archive: join(folder, filename) }
}

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

/** What the examples take from around them. `@ai-sdk/react` isn't installed here, but its options are those of `ai`. */
const AROUND_EXAMPLES = `
declare const mobileNumber: string
declare const otp: string
declare const id: string
declare const message: string
declare const file: File
declare function show(...what: unknown[]): void
declare function mark(...what: unknown[]): void
declare function showThought(text: string): void
declare function showText(text: string): void
declare module "@ai-sdk/react" {
  import type { ChatInit, UIMessage } from "ai"
  export function useChat(options: ChatInit<UIMessage> & { resume?: boolean }): unknown
}
`
const aroundOf = (block: string) => `
import type { ChatClient, Chatroom } from "gemini-chat-client"
declare const client: ChatClient
${block.includes("const room =") ? "" : "declare const room: Chatroom"}
`
