import { defineConfig } from "vitest/config"

const whole = ["tests/{auth,users,chat,generation,system,races}/**/*.test.ts"]

/** The suites that speak HTTP run once on each backend; the rest needs neither. */
export default defineConfig({
  test: {
    globalSetup: ["tests/helpers/global-setup.ts"],
    pool: "forks",
    maxWorkers: 2,
    // Long enough for a busy machine; a state that comes is seen at once.
    expect: { poll: { timeout: 15_000, interval: 20 } },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: "parts", include: ["tests/{unit,simulators,embedded,faults}/**/*.test.ts"] },
      },
      { extends: true, test: { name: "embedded", include: whole, env: { TEST_BACKEND: "embedded" } } },
      { extends: true, test: { name: "redis", include: whole, env: { TEST_BACKEND: "redis" } } },
    ],
  },
})
