import { existsSync } from "node:fs"
import { loadEnvFile } from "node:process"
import { runSetup } from "./stripe/run-setup.ts"

if (existsSync(".env")) loadEnvFile(".env")
process.exitCode = await runSetup(process.argv.slice(2), process.env, {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
})
