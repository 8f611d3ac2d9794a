import { readFileSync } from "node:fs"

const EXPLAINED = {
  start: "start the server, with everything it needs (no configuration required)",
  dev: "the same, started again when a source changes, and the web client beside it, reloaded when one of its own does",
  worker: "start a worker that makes replies, apart from the server",
  migrate: "bring the database schema up to date",
  reset: "empty the embedded database (says what it would delete, and asks for --yes)",
  test: "run the tests that one process can show (add a path to run a part)",
  "test:system": "run the tests of whole processes: kills, stops, clusters, a fresh clone",
  lint: "look for faults in style and imports",
  format: "format the sources",
  types: "check the types",
  check: "lint, types and npm test, before a push",
  bench: "measure the server, side by side with its floors",
  histories: "play random histories of subscriptions and compare with Stripe's books",
  drill: "practise failures: kill, restart and disconnect the parts",
  fuzz: "send requests drawn from the OpenAPI document, hostile ones too, and judge every answer",
  "client:build": "compile the client package, ready to be published",
  openapi: "write the OpenAPI document, the Postman collection and the types of the client",
  "stripe:setup": "make product, price, portal and webhook endpoint in a Stripe account",
  "billing:reconcile": "read subscriptions from Stripe and heal what differs",
  "web:build": "build the web client (npm start does so by itself)",
  screenshots: "take the pictures of docs/screenshots anew, from a room that is filled for it",
  sbom: "list every package that is installed, as CycloneDX JSON",
  help: "this list",
}

const unknown = process.argv.slice(2).find((argument) => argument !== "--help")
if (unknown !== undefined) {
  console.error(`There is no argument "${unknown}" here.\n\nUsage: npm run help`)
  process.exit(2)
}

const file = new URL("../package.json", import.meta.url)
const names = Object.keys(JSON.parse(readFileSync(file, "utf8")).scripts)
const width = Math.max(...names.map((name) => name.length))
for (const name of names)
  console.log(`npm run ${name.padEnd(width)}  ${EXPLAINED[name] ?? "(not explained)"}`)

const unexplained = names.filter((name) => !EXPLAINED[name])
if (unexplained.length > 0) {
  console.error(`\nExplain in bin/help.mjs: ${unexplained.join(", ")}`)
  process.exitCode = 1
}
