import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { readEnvFile } from "../../src/config/env-file.ts"
import { Environment } from "../../src/config/environment.ts"
import { findUnknownNames } from "../../src/config/unknown-names.ts"

const folder = mkdtempSync(join(tmpdir(), "env-file-"))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function read(content: string | Buffer) {
  const path = join(folder, `${files++}.env`)
  writeFileSync(path, content)
  const { variables, faults } = readEnvFile(path)
  return { variables, faults: faults.map((fault) => fault.replace(path, ".env")) }
}

const TEXT = "PORT=3217\nLOG_LEVEL=warn\n"
const KNOWN = { variables: { PORT: "3217", LOG_LEVEL: "warn" }, faults: [] }
const swapped = (text: string) => Buffer.from(text, "utf16le").swap16()

describe("a .env file is read", () => {
  test.each([
    ["in UTF-8", TEXT],
    ["with the line ends of Windows", TEXT.replaceAll("\n", "\r\n")],
    ["with a byte order mark", `\uFEFF${TEXT}`],
    ["in UTF-16, as PowerShell writes it", Buffer.from(`\uFEFF${TEXT}`, "utf16le")],
    ["in UTF-16 the other way round", swapped(`\uFEFF${TEXT}`)],
    ["with comments, blank lines and export", `# all\n\n export PORT=3217 # one\nLOG_LEVEL = "warn"\n`],
  ])("%s", (_, content) => expect(read(content)).toEqual(KNOWN))

  test("with a quoted value of several lines", () => {
    expect(read(`KEY="one\nPORT: 2\nthree"\nPORT=3217\n`)).toEqual({
      variables: { KEY: "one\nPORT: 2\nthree", PORT: "3217" },
      faults: [],
    })
  })

  test("and may be missing", () => {
    expect(readEnvFile(join(folder, "none.env"))).toEqual({ variables: {}, faults: [] })
  })
})

describe("a .env file is a fault", () => {
  test.each([
    ["with a colon", `${TEXT}PORT: 3218`, ".env: line 3 isn't NAME=value; write PORT=… for PORT"],
    ["with a stray line", `${TEXT}hunter2\n`, ".env: line 3 isn't NAME=value"],
    [
      "in another encoding",
      Buffer.from("NAME=caf\xe9", "latin1"),
      ".env: isn't text in UTF-8; save it as UTF-8",
    ],
    ["in UTF-16 without a mark", Buffer.from(TEXT, "utf16le"), ".env: isn't text in UTF-8; save it as UTF-8"],
  ])("%s", (_, content, fault) => expect(read(content).faults).toEqual([fault]))

  test("when it is a folder", () => {
    const path = join(folder, "folder.env")
    mkdirSync(path)
    expect(readEnvFile(path).faults).toEqual([`${path}: can't be read (it is a folder)`])
  })

  test.skipIf(process.getuid?.() === 0)("when this account may not read it", () => {
    const path = join(folder, "closed.env")
    writeFileSync(path, TEXT)
    chmodSync(path, 0)
    expect(readEnvFile(path).faults).toEqual([`${path}: can't be read (this account may not read it)`])
  })
})

test.each([
  ["PROT", "PORT"],
  ["port", "PORT"],
  ["DATABSE_URL", "DATABASE_URL"],
  ["GEMINI_APIKEY", "GEMINI_API_KEY"],
  ["SOMETHING_ELSE_ENTIRELY", undefined],
])("%s in .env is no setting; the nearest one is %s", (name, nearest) => {
  expect(findUnknownNames([name], Object.keys(Environment.shape))).toEqual([{ name, nearest }])
})

test("settings of ours and of programs that read the same file are known", () => {
  const names = [
    "PORT",
    "NODE_OPTIONS",
    "POSTGRES_PASSWORD",
    "COMPOSE_PROJECT_NAME",
    "PGSSLMODE",
    "https_proxy",
  ]
  expect(findUnknownNames(names, Object.keys(Environment.shape))).toEqual([])
})
