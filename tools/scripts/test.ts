import { spawnSync } from "node:child_process"
import { startVitest, type TestModule } from "vitest/node"
import { readCommandLine } from "../lib/command-line.ts"

const HELP = `Usage: npm test [-- [--watch] [--project unit|embedded|redis|system] [-t NAME] [FILTER…]]
       npm run test:system [-- [--watch] [-t NAME] [FILTER…]]

npm test shows what one process can show, in under four minutes: what needs no backend (unit), the HTTP and queue
tests on the embedded backend (embedded), and those that Redis has a part in on a Redis, too (redis).
npm run test:system shows what takes whole processes, in under eight: kills, stops, the watchdog, Sentinel and Cluster,
a standby, a fresh clone, a backup, the image, the launcher, the collection in newman, the pages in a browser.

  FILTER       only test files whose path contains it; tests/system/… runs those files with either command
  -t, --name   only tests whose name matches this regular expression
  --project    only this part of the suite
  --watch      run again on change
  --help       this text

  TEST_DATABASE_URL        a PostgreSQL to use instead of the embedded one
  TEST_REDIS_URL           a Redis to use instead of the redis-server on the PATH
  TEST_REQUIRE_REDIS=1     fail where there is no Redis, instead of leaving its tests out
  RECORDINGS               a folder of recorded Gemini and Stripe traffic to replay, too

The last line is "N passed, N failed[, N skipped]".
`

const PROJECTS = ["unit", "embedded", "redis", "system"]

const options = {
  watch: { type: "boolean", default: false },
  project: { type: "string", multiple: true },
  name: { type: "string", short: "t" },
} as const
const { values, positionals } = readCommandLine(
  HELP,
  options,
  (values, positionals) => {
    const unknown = values.project?.find((name) => !PROJECTS.includes(name))
    if (unknown !== undefined) throw new TypeError(`There is no project "${unknown}".`)
    return { values, positionals }
  },
  { allowPositionals: true },
)
const project = chooseProjects()
const vitest = await startVitest("test", positionals, {
  watch: values.watch,
  // Of what takes whole processes and browsers, one less at once.
  ...(project.includes("system") ? { maxWorkers: 3 } : {}),
  project,
  ...(values.name === undefined ? {} : { testNamePattern: values.name }),
})
if (!values.watch) {
  await vitest.close()
  const strays = vitest.state.getUnhandledErrors().length
  const files = vitest.state.getTestModules()
  const { passed, failed, skipped } = count(files)
  const broken = strays + files.filter(isBroken).length
  process.stdout.write(
    `${passed} passed, ${failed + broken} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`,
  )
  process.exit(failed + broken > 0 || passed === 0 ? 1 : 0)
}

function chooseProjects(): string[] {
  const asked = values.project ?? PROJECTS.filter((name) => name !== "system" || isSystemNamed())
  if (process.env.TEST_REDIS_URL || spawnSync("redis-server", ["--version"]).status === 0) return asked
  if (process.env.TEST_REQUIRE_REDIS === "1") {
    process.stderr.write(
      "TEST_REQUIRE_REDIS=1, but there is neither TEST_REDIS_URL nor a redis-server on the PATH.\n",
    )
    process.exit(1)
  }
  process.stdout.write(
    "No redis-server on the PATH and no TEST_REDIS_URL: THE TESTS ON REDIS ARE LEFT OUT.\n",
  )
  return asked.filter((name) => name !== "redis")
}

function isSystemNamed(): boolean {
  return positionals.some((filter) => filter.includes("tests/system"))
}

/** Could not even be read, or a hook of it or of a part of it failed, which no test's state tells. */
function isBroken(file: TestModule): boolean {
  return [file, ...file.children.allSuites()].some((part) => part.errors().length > 0)
}

function count(files: TestModule[]) {
  const states = files.flatMap((file) => [...file.children.allTests()].map((test) => test.result().state))
  const [passed = 0, failed = 0] = ["passed", "failed"].map(
    (state) => states.filter((each) => each === state).length,
  )
  return { passed, failed, skipped: states.length - passed - failed }
}
