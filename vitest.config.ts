import { defineConfig } from "vitest/config"

const whole = [
  "tests/{auth,users,chat,replies,billing,platform,races,operators}/**/*.test.ts",
  "tests/abuse/*.test.ts",
]

/** What Redis has a part in: replies, streams, cancelling, the cached list, limits, the queues' board. */
const onCluster = [
  "tests/{chat,races}/**/*.test.ts",
  "tests/replies/{cancel,outcomes,room-events,streams}.test.ts",
  "tests/operators/queue-board.test.ts",
]

/** The suites that speak HTTP run once on each backend; the rest needs neither. */
export default defineConfig({
  test: {
    globalSetup: ["tests/helpers/global-setup.ts"],
    pool: "forks",
    // Nothing is done at import time and nothing mocked, so files may share their modules: half the time is saved.
    isolate: false,
    // One more than the two cores of the smallest machine: most tests wait for processes and clocks.
    maxWorkers: 3,
    // Long enough for a busy machine; a state that comes is seen at once.
    expect: { poll: { timeout: 15_000, interval: 20 } },
    testTimeout: 90_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: "parts",
          include: [
            "tests/{unit,contract,simulators,embedded,faults,recovery,deploy,browser,abuse/static}/**/*.test.ts",
          ],
        },
      },
      {
        extends: true,
        test: {
          name: "embedded",
          include: [...whole, "tests/client/**/*.test.ts"],
          env: { TEST_BACKEND: "embedded" },
        },
      },
      {
        extends: true,
        test: {
          name: "redis",
          include: whole,
          // What a request does before any store is asked; long, and the same on both.
          exclude: ["tests/abuse/{connections,headers}.test.ts"],
          env: { TEST_BACKEND: "redis" },
        },
      },
      {
        extends: true,
        test: {
          name: "cluster",
          include: [...onCluster, "tests/cluster/**/*.test.ts"],
          env: { TEST_BACKEND: "cluster" },
        },
      },
    ],
  },
})
