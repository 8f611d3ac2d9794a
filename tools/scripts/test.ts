import { spawnSync } from "node:child_process"
import { parseArgs } from "node:util"
import { startVitest, type TestCase, type TestModule } from "vitest/node"

const HELP = `Usage: npm test [-- [--watch] [--project parts|embedded|redis|cluster] [-t NAME] [FILTER…]]

Runs the tests: what needs no backend (parts), the HTTP and queue tests on the embedded backend and on Redis, and
those that Redis has a part in on a Redis Cluster of three nodes, too.

  FILTER       only test files whose path contains it
  -t, --name   only tests whose name matches this regular expression
  --project    only this part of the suite
  --watch      run again on change

  TEST_DATABASE_URL        a PostgreSQL to use instead of the embedded one
  TEST_REDIS_URL           a Redis to use instead of the redis-server on the PATH
  TEST_REQUIRE_REDIS=1     fail where there is no Redis, instead of leaving that half out
  RECORDINGS               a folder of recorded Gemini traffic to replay, too
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: "boolean", default: false },
    watch: { type: "boolean", default: false },
    project: { type: "string", multiple: true },
    name: { type: "string", short: "t" },
  },
})
if (values.help) {
  process.stdout.write(HELP)
  process.exit(0)
}
const project = values.project ?? chooseProjects()
const vitest = await startVitest("test", positionals, {
  watch: values.watch,
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

/** Empty: all. */
function chooseProjects(): string[] {
  if (spawnSync("redis-server", ["--version"]).status === 0) return []
  if (process.env.TEST_REDIS_URL) {
    process.stdout.write("No redis-server on the PATH: THE TESTS ON A REDIS CLUSTER ARE LEFT OUT.\n")
    return ["parts", "embedded", "redis"]
  }
  if (process.env.TEST_REQUIRE_REDIS === "1") {
    process.stderr.write(
      "TEST_REQUIRE_REDIS=1, but there is neither TEST_REDIS_URL nor a redis-server on the PATH.\n",
    )
    process.exit(1)
  }
  process.stdout.write(
    "No redis-server on the PATH and no TEST_REDIS_URL: THE REDIS HALF OF THE SUITE IS LEFT OUT.\n",
  )
  return ["parts", "embedded"]
}

/** Could not even be read, or a hook of it or of a part of it failed, which no test's state tells. */
function isBroken(file: TestModule): boolean {
  return [file, ...file.children.allSuites()].some((part) => part.errors().length > 0)
}

function count(files: TestModule[]) {
  const totals = { passed: 0, failed: 0, skipped: 0 }
  for (const test of allTests(files)) {
    const { state } = test.result()
    if (state === "passed" || state === "failed") totals[state]++
    else totals.skipped++
  }
  return totals
}

function* allTests(files: TestModule[]): Generator<TestCase> {
  for (const file of files) yield* file.children.allTests()
}
