import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseEnv } from "node:util"
import { expect, onTestFinished, test } from "vitest"
import { ROOT, read, readAsProduction } from "./kit.ts"

const UNIT = "gemini-chat@.service"
const SCRIPTS = ["deploy/ec2/install.sh", ".ci/run"]
const isThere = (program: string) => spawnSync(program, ["--version"]).status === 0

test.skipIf(!isThere("systemd-analyze"))("systemd finds no fault in the unit", () => {
  const folder = mkdtempSync(join(tmpdir(), "unit-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, UNIT.replace("@", "@server"))
  // This machine may have no Node there.
  writeFileSync(file, read(`deploy/ec2/${UNIT}`).replace("/usr/local/bin/node", process.execPath))
  const { stderr, status } = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" })
  expect(stderr).toBe("")
  expect(status).toBe(0)
})

test("the unit waits longer than an orderly stop takes", () => {
  expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(read(`deploy/ec2/${UNIT}`))?.[1])).toBeGreaterThan(10)
})

test.skipIf(!isThere("bash"))("bash can read the scripts", () => {
  for (const script of SCRIPTS) {
    const { stderr } = spawnSync("bash", ["-n", join(ROOT, script)], { encoding: "utf8" })
    expect(stderr).toBe("")
  }
})

test.skipIf(!isThere("shellcheck"))("shellcheck finds no fault in the scripts", () => {
  const { stdout } = spawnSync(
    "shellcheck",
    SCRIPTS.map((script) => join(ROOT, script)),
    { encoding: "utf8" },
  )
  expect(stdout).toBe("")
})

const example = read("deploy/ec2/environment.example")

test("production starts with the example's variables filled in", () => {
  const { http } = readAsProduction(parseEnv(example) as Record<string, string>)
  expect(http).toMatchObject({ host: "127.0.0.1", trustProxy: ["loopback"] })
})

test("what its comment says for a load balancer lets one in", () => {
  const [comment = ""] = /^# .*load balancer.*$/m.exec(example) ?? []
  const changes = Object.fromEntries(
    [...comment.matchAll(/([A-Z_]+)=([\w.]+)/g)].map(([, name, value]) => [name, value]),
  )
  const { http } = readAsProduction({ ...(parseEnv(example) as Record<string, string>), ...changes })
  expect(http).toMatchObject({ host: "0.0.0.0", trustProxy: 1 })
})
