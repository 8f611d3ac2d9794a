import { readEnvFile } from "../../src/config/env-file.ts"
import { runSetup } from "./stripe/run-setup.ts"

const { variables, faults } = readEnvFile(".env")
for (const fault of faults) process.stderr.write(`${fault}\n`)
process.exitCode =
  faults.length > 0
    ? 1
    : await runSetup(
        process.argv.slice(2),
        { ...variables, ...process.env },
        { out: (text) => process.stdout.write(text), err: (text) => process.stderr.write(text) },
      )
