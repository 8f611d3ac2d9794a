import { resolve } from "node:path"
// @ts-expect-error the launcher is plain JavaScript, without types
import { ensureWebBuilt } from "../../bin/web-build.mjs"
import { readCommandLine } from "../lib/command-line.ts"

const HELP = `Usage: npm run web:build

Builds the web client into web/dist, where its sources have changed. npm start does the same by itself, outside production.

  --help   this text
`

readCommandLine(HELP, {}, () => undefined)
const isBuilt = await ensureWebBuilt(resolve(import.meta.dirname, "../.."), { node: process.execPath })
process.exit(isBuilt ? 0 : 1)
