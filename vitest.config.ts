import { defineConfig } from "vitest/config"

/** What speaks HTTP, on the embedded backend: queue, cache, limits and reply log without Redis. */
const onEmbedded = [
  "tests/{auth,users,usage,chat,attachments,transfer,replies,billing,platform,races,operators,client}/**/*.test.ts",
  "tests/abuse/*.test.ts",
]

/** What Redis has no counterpart for, or what is the same on both and shown on Redis. */
const onRedisOnly = ["tests/platform/first-commands.test.ts"]

/** What Redis has a part in: the cached list, room events, the reply queue and log, limits, the board, its health. */
const onRedis = [
  "tests/chat/chatrooms.test.ts",
  "tests/replies/{admin,cancel,overload,reply-log,room-events,room-list,shared-streams,streams,thoughts}.test.ts",
  "tests/races/{cached-list,prompts-together}.test.ts",
  "tests/abuse/{cache,canaries,erasure,guessing}.test.ts",
  "tests/operators/{health,queue-board}.test.ts",
  "tests/platform/http.test.ts",
  ...onRedisOnly,
]

export default defineConfig({
  test: {
    globalSetup: ["tests/helpers/global-setup.ts"],
    pool: "forks",
    // Nothing is done at import time and nothing mocked, so files may share their modules: half the time is saved.
    isolate: false,
    // Node runs the sources as they are, as in production: Vite's own runner takes twice as long to load them.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // As for npm start: V8's default collects a few times as often.
    execArgv: ["--max-semi-space-size=16"],
    // Twice the two cores of the smallest machine: most tests wait for processes and clocks. With three a third of the time
    // both cores had nothing to do.
    maxWorkers: 4,
    // Long enough for a busy machine; a state that comes is seen at once.
    expect: { poll: { timeout: 60_000, interval: 20 } },
    testTimeout: 150_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["tests/{unit,contract,simulators,deploy,abuse/static}/**/*.test.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "embedded",
          include: onEmbedded,
          exclude: onRedisOnly,
          env: { TEST_BACKEND: "embedded" },
        },
      },
      {
        extends: true,
        test: { name: "redis", include: onRedis, env: { TEST_BACKEND: "redis" } },
      },
      {
        extends: true,
        test: {
          name: "system",
          include: ["tests/system/*.test.ts"],
          env: { TEST_BACKEND: "embedded" },
          // An installation in a fresh clone and processes that start again take their time.
          testTimeout: 6 * 60_000,
        },
      },
    ],
  },
})
