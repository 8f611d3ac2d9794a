import { existsSync } from "node:fs"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { readConfig } from "../../src/config/env.ts"
import { startEmbedded } from "../../src/embedded/index.ts"
import { childrenOf } from "./kit.ts"
import { fixture, run, testFolder } from "./programs.ts"

const quiet = () => undefined
/** Those that began after `before` was taken; others may end at any time. */
const newChildren = (before: number[]) => childrenOf(process.pid).filter((pid) => !before.includes(pid))

test("where one part fails, the others are stopped and its error is told", async () => {
  const config = readConfig({ DATA_DIR: testFolder() })
  const first = await startEmbedded(config, quiet)
  onTestFinished(() => first.stop())
  const running = childrenOf(process.pid)
  await expect(startEmbedded(config, quiet)).rejects.toMatchObject({ name: "DataDirInUse" })
  expect(newChildren(running)).toEqual([])
  const stripe = await fetch(`${first.config.stripe.baseUrl}/__admin/clock`)
  expect(stripe.status).toBe(200)
})

test("a start that is given up leaves nothing behind", async () => {
  const dataDir = testFolder()
  const before = childrenOf(process.pid)
  const stopping = new AbortController()
  const why = new Error("told to stop")
  const { signal } = stopping
  const start = startEmbedded(readConfig({ DATA_DIR: dataDir }), () => stopping.abort(why), { signal })
  await expect(start).rejects.toBeDefined()
  expect(signal.aborted).toBe(true)
  await expect.poll(() => newChildren(before)).toEqual([]) // initdb is told to end, and not waited for
  expect(existsSync(join(dataDir, "postgres", "cluster", "postmaster.pid"))).toBe(false)
})

test("starts that are given up end, though the process waits for nothing else", async () => {
  const program = run([fixture("give-up-starts.ts"), testFolder()])
  expect(await program.ended).toEqual({ code: 0, signal: null })
  expect(program.lines).toEqual(["1", "2", "3", "4", "5"].map((name) => `given up ${name}`))
})
