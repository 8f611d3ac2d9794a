import { describe, expect, test } from "vitest"
import { readConfig } from "../../src/config/env.ts"
import { Environment } from "../../src/config/environment.ts"
import { configFaults } from "../helpers/config.ts"

const PRODUCTION = {
  NODE_ENV: "production",
  DATABASE_URL: "postgres://u:p@db/app",
  REDIS_URL: "redis://cache",
  JWT_SECRET: "bN3vQ8xkZ1pLw7sTf5hYr2uGm6jDc9eA",
  GEMINI_API_KEY: "AQ.key",
  STRIPE_SECRET_KEY: "rk_live_Qm4vTz81",
  STRIPE_WEBHOOK_SECRET: "whsec_newQm4vTz81Xc7Lp2Rb9Ky3Wd, whsec_oldQm4vTz81Xc7Lp2Rb9Ky3Wd",
  STRIPE_PRICE_PRO: "price_1",
  PUBLIC_URL: "https://chat.example.com",
  OTP_DELIVERY: "response",
}

describe("outside production", () => {
  test("nothing needs to be set", () => {
    expect(readConfig({})).toMatchObject({
      production: false,
      role: "all",
      http: { port: 3000, host: "127.0.0.1" },
      database: { url: null },
      gemini: { model: "gemini-3.8-flash" },
      plans: {
        basicDailyPrompts: 5,
        proDailyPrompts: null,
        basicDailyTools: { webSearch: 3, urlContext: 3 },
        proDailyTools: { webSearch: 100, urlContext: 100 },
      },
      imports: { maxBytes: 100 * 1024 * 1024, conversation: { maxBytes: 32 * 1024 * 1024 } },
      cache: { chatroomTtlSeconds: 600 },
      retentionMs: null,
      app: { name: "Chat", privacyUrl: null, imprintUrl: null },
      otp: { delivery: "response" },
    })
  })

  test("an empty variable counts as one that isn't set", () => {
    expect(readConfig({ PORT: "", DATABASE_URL: " " })).toMatchObject({
      http: { port: 3000 },
      database: { url: null },
    })
  })

  test.each([
    [{ DEFAULT_REGION: "XX" }, "DEFAULT_REGION"],
    [{ DATABASE_POOLER: "statement" }, "DATABASE_POOLER"],
    [{ DATABASE_POOLER: "transaction", DATABASE_URL: PRODUCTION.DATABASE_URL }, "REDIS_URL"],
    [{ DATABASE_POOLER: "transaction-prepared", REDIS_URL: PRODUCTION.REDIS_URL }, "DATABASE_URL"],
    [{ GEMINI_API_KEY: "AQ.abc…" }, "GEMINI_API_KEY"],
    [{ GEMINI_API_KEY: "AQ.abc def" }, "GEMINI_API_KEY"],
    [{ GEMINI_FIRST_CHUNK_SECONDS: "0" }, "GEMINI_FIRST_CHUNK_SECONDS"],
    [{ GEMINI_IDLE_SECONDS: "1.5" }, "GEMINI_IDLE_SECONDS"],
    [{ GEMINI_TOTAL_SECONDS: "4000" }, "GEMINI_TOTAL_SECONDS"],
    [{ OTP_REGIONS: "US,Mars" }, "OTP_REGIONS"],
    [{ APP_NAME: "two\nlines" }, "APP_NAME"],
    [{ APP_NAME: "x".repeat(61) }, "APP_NAME"],
    [{ PRIVACY_URL: "javascript:alert(1)" }, "PRIVACY_URL"],
    [{ IMPRINT_URL: "/imprint" }, "IMPRINT_URL"],
    [
      { STRIPE_SECRET_KEY: "pk_test_1", STRIPE_WEBHOOK_SECRET: "whsec_1", STRIPE_PRICE_PRO: "price_1" },
      "STRIPE_SECRET_KEY",
    ],
    [{ STRIPE_SECRET_KEY: "sk_test_1", STRIPE_PRICE_PRO: "price_1" }, "STRIPE_WEBHOOK_SECRET"],
    [{ STRIPE_SECRET_KEY: "sk_test_1", STRIPE_WEBHOOK_SECRET: "whsec_1" }, "STRIPE_PRICE_PRO"],
    [{ STRIPE_PORTAL_CONFIGURATION: "price_1" }, "STRIPE_PORTAL_CONFIGURATION"],
    [{ STRIPE_TRIAL_DAYS: "0" }, "STRIPE_TRIAL_DAYS"],
    [{ STRIPE_TRIAL_DAYS: "731" }, "STRIPE_TRIAL_DAYS"],
    [{ STRIPE_TRIAL_DAYS: "two weeks" }, "STRIPE_TRIAL_DAYS"],
    [{ STRIPE_PROMOTION_CODES: "yes" }, "STRIPE_PROMOTION_CODES"],
    [{ STRIPE_AUTOMATIC_TAX: "1" }, "STRIPE_AUTOMATIC_TAX"],
    [{ RETENTION_DAYS: "0" }, "RETENTION_DAYS"],
    [{ RETENTION_DAYS: "-1" }, "RETENTION_DAYS"],
    [{ RETENTION_DAYS: "0.5" }, "RETENTION_DAYS"],
    [{ RETENTION_DAYS: "forever" }, "RETENTION_DAYS"],
    [{ RETENTION_DAYS: "40000" }, "RETENTION_DAYS"],
    [{ TRUST_PROXY: "10.0.0.0/8,foo" }, "TRUST_PROXY"],
    [{ GEMINI_MODELS: "gemini-3.8-flash,gemini-3.5-flash:max" }, "GEMINI_MODELS"],
    [{ GEMINI_MODELS: "gemini-3.8-flash,gemini-x,gemini-x:pro" }, "GEMINI_MODELS"],
    [{ GEMINI_MODELS: "gemini-3.5-flash" }, "GEMINI_MODELS"],
    [{ GEMINI_MODELS: "gemini-3.8-flash:pro" }, "GEMINI_MODELS"],
    [{ BASIC_DAILY_WEB_SEARCHES: "-1" }, "BASIC_DAILY_WEB_SEARCHES"],
    [{ PRO_DAILY_WEB_SEARCHES: "unlimited" }, "PRO_DAILY_WEB_SEARCHES"],
    [{ BASIC_DAILY_URL_CONTEXTS: "2.5" }, "BASIC_DAILY_URL_CONTEXTS"],
    [{ PRO_DAILY_URL_CONTEXTS: "1e10" }, "PRO_DAILY_URL_CONTEXTS"],
    [{ OTP_DELIVERY: "twilio", TWILIO_ACCOUNT_SID: "a", TWILIO_FROM: "b" }, "TWILIO_AUTH_TOKEN"],
  ])("%o names %s", (variables, name) => {
    expect(configFaults(variables as unknown as Record<string, string>)).toEqual([
      expect.stringContaining(`${name}: `),
    ])
  })

  test.each([
    [{ PORT: "abc" }, 'PORT: must be a whole number from 0 to 65535, such as 3000; it is "abc"'],
    [{ PORT: "3000.5" }, 'PORT: must be a whole number from 0 to 65535, such as 3000; it is "3000.5"'],
    [
      { CORS_ORIGINS: "https://a.example/x; script-src *" },
      'CORS_ORIGINS: must list origins such as https://app.example.com, without * and paths; it is "https://a.example/x; script-src *"',
    ],
    [
      { CORS_ORIGINS: "*" },
      'CORS_ORIGINS: must list origins such as https://app.example.com, without * and paths; it is "*"',
    ],
    [{ ROLE: "both" }, 'ROLE: must be one of all, api, worker; it is "both"'],
    [{ PUBLIC_URL: "chat.example" }, "PUBLIC_URL: must be a URL such as https://chat.example.com"],
    [
      { OTEL_TRACES_SAMPLER_ARG: "2" },
      'OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1, such as 0.5; it is "2"',
    ],
  ])("%o: our words, with the value and an example", (variables, fault) => {
    expect(configFaults(variables as unknown as Record<string, string>)).toEqual([fault])
  })

  test("no variable's fault is in the words of a library", () => {
    const wrong = Object.fromEntries(Object.keys(Environment.shape).map((name) => [name, "?!"]))
    expect(configFaults(wrong).join("\n")).not.toMatch(/Invalid|expected|received|Too (?:big|small)|NaN/)
  })

  test.each(["1", "loopback", "10.0.0.0/8, 2001:db8::/32", "false"])(
    "TRUST_PROXY may be %s",
    (TRUST_PROXY) => {
      expect(configFaults({ TRUST_PROXY })).toEqual([])
    },
  )

  test("the models on offer are those of GEMINI_MODELS or, without it, the default and its fallbacks", () => {
    const offered = (variables: Record<string, string>) =>
      readConfig(variables).gemini.models.map(({ name, tier }) => `${name} ${tier}`)
    expect(offered({})).toEqual(["gemini-3.8-flash basic"])
    expect(offered({ GEMINI_MODEL: "a", GEMINI_FALLBACK_MODELS: "b, a, c" })).toEqual([
      "a basic",
      "b basic",
      "c basic",
    ])
    expect(offered({ GEMINI_MODEL: "b", GEMINI_MODELS: "a:pro, b" })).toEqual(["a pro", "b basic"])
  })

  test("the values are frozen, deep down", () => {
    expect(Object.isFrozen(readConfig({}).otp.daily)).toBe(true)
  })
})

describe("in production", () => {
  test("a whole configuration is taken", () => {
    expect(configFaults(PRODUCTION)).toEqual([])
    expect(readConfig(PRODUCTION).http.host).toBe("0.0.0.0")
    expect(readConfig(PRODUCTION).stripe.webhookSecrets).toEqual([
      "whsec_newQm4vTz81Xc7Lp2Rb9Ky3Wd",
      "whsec_oldQm4vTz81Xc7Lp2Rb9Ky3Wd",
    ])
  })

  test("every missing key is listed", () => {
    const faults = configFaults({ NODE_ENV: "production", ROLE: "worker" })
    expect(faults.map((fault) => fault.split(":")[0])).toEqual([
      "DATABASE_URL",
      "JWT_SECRET",
      "GEMINI_API_KEY",
      "PUBLIC_URL",
      "REDIS_URL",
      "OTP_DELIVERY",
    ])
  })

  const STRIPE = ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_PRICE_PRO"]
  const without = (names: string[]) => ({
    ...PRODUCTION,
    ...Object.fromEntries(names.map((name) => [name, ""])),
  })

  test("without Stripe's three variables billing is off, and it is on with them", () => {
    expect(readConfig(without(STRIPE)).stripe).toMatchObject({ enabled: false, secretKey: null })
    expect(readConfig(PRODUCTION).stripe.enabled).toBe(true)
    expect(readConfig({}).stripe.enabled).toBe(true)
  })

  test.each(
    STRIPE.flatMap((name) => [[name], STRIPE.filter((other) => other !== name)]).map((names) => [names]),
  )("some of Stripe's three variables, and not %j, are a fault", (names) => {
    expect(configFaults(without(names))).toEqual(
      names.map((name) => expect.stringMatching(`^${name}: missing; set .*, or none of them`)),
    )
  })

  test("what is missing is listed beside what can't be read", () => {
    const faults = configFaults({ ...PRODUCTION, PORT: "x", JWT_SECRET: "" })
    expect(faults.map((fault) => fault.split(":")[0])).toEqual(["PORT", "JWT_SECRET"])
  })

  test("one process may do without Redis", () => {
    const { REDIS_URL: _, ...rest } = PRODUCTION
    expect(configFaults(rest)).toEqual([])
  })

  test("codes don't go into the log, though outside production they may", () => {
    const OTP_DELIVERY = "log"
    expect(configFaults({ ...PRODUCTION, OTP_DELIVERY })).toEqual([
      expect.stringContaining("OTP_DELIVERY: log "),
    ])
    expect(configFaults({ OTP_DELIVERY })).toEqual([])
  })
})
