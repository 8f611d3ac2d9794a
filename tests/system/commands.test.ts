import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { ROOT } from "./programs.ts"

const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"))

test.concurrent.each(Object.keys(scripts))(
  "npm run %s explains itself, and refuses what it doesn't know",
  async (name) => {
    const help = await runScript(name, "--help")
    expect(help).toMatchObject({ code: 0, stdout: expect.stringMatching(/^(?:Usage: |npm run )/) })
    const refused = await runScript(name, "--no-such-argument", "1")
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("--no-such-argument") })
    expect(refused.stdout).toBe("")
  },
)

/** Runs a script's command as npm does, which adds the arguments to it. */
function runScript(name: string, ...args: string[]) {
  const [, ...words] = String(scripts[name]).split(" ")
  // Not npm's: the launcher would watch for its end.
  const { npm_lifecycle_event: _, ...env } = process.env
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) =>
    execFile(process.execPath, [...words, ...args], { cwd: ROOT, env }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    ),
  )
}
