import { createHmac, hkdfSync } from "node:crypto"
import fc from "fast-check"
import jwt from "jsonwebtoken"
import { describe, expect, test } from "vitest"
import { TIMING } from "../../src/config/timing.ts"
import { newCode } from "../../src/services/auth/otp-codes.ts"
import { createTokens } from "../../src/services/auth/tokens.ts"
import { Unauthenticated } from "../../src/utils/errors.ts"
import { newId } from "../../src/utils/ids.ts"

const SECRET = "a secret of at least thirty-two bytes"
const OTHER = "another secret of thirty-two bytes or so"
const tokens = createTokens({ secret: SECRET, previousSecret: null }, TIMING.auth)
const caller = { userId: newId(), sessionId: newId() }

describe("an access token", () => {
  const good = tokens.access.issue(caller)
  const payload = jwt.decode(good) as jwt.JwtPayload

  test("says whose it is and until when", () => {
    expect(tokens.access.read(good)).toEqual({ ...caller, expiresAt: payload.exp })
    expect(payload.exp).toBe((payload.iat as number) + 900)
  })

  test("whatever is given, is read or refused", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(good.length), (text, at) => {
        const mangled = good.slice(0, at) + text + good.slice(at + 1)
        if (mangled === good) return
        expect(() => tokens.access.read(text)).toThrow(Unauthenticated)
        expect(() => tokens.access.read(mangled)).toThrow(Unauthenticated)
      }),
    )
  })

  test("expires in the cache, too", () => {
    let now = Date.now()
    const { access } = createTokens({ secret: SECRET, previousSecret: null }, TIMING.auth, () => now)
    const token = access.issue(caller)
    expect(access.read(token)).toMatchObject(caller)
    now += 901_000
    expect(() => access.read(token)).toThrow(Unauthenticated)
  })
})

describe("a refresh token", () => {
  test("is read back", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.nat(999_999_999), (sessionId, generation) => {
        const token = tokens.refresh.issue({ sessionId, generation })
        expect(tokens.refresh.read(token)).toEqual({ sessionId, generation })
      }),
    )
  })

  test("with anything changed is none", () => {
    const token = tokens.refresh.issue({ sessionId: newId(), generation: 7 })
    fc.assert(
      fc.property(
        fc.nat(token.length),
        fc.string({ unit: "binary", maxLength: 3 }),
        fc.nat(3),
        (at, put, cut) => {
          const changed = token.slice(0, at) + put + token.slice(at + cut)
          if (changed !== token) expect(tokens.refresh.read(changed)).toBeNull()
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test("has one spelling", () => {
    const token = tokens.refresh.issue({ sessionId: newId(), generation: 0 })
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    const same = [...alphabet].filter((letter) => tokens.refresh.read(token.slice(0, -1) + letter) !== null)
    expect(same).toEqual([token.at(-1)])
  })

  test("isn't made with the secret itself", () => {
    const content = `${newId()}.0`
    const naive = createHmac("sha256", SECRET).update(content).digest("base64url")
    expect(tokens.refresh.read(`${content}.${naive}`)).toBeNull()
    const ofCodes = createHmac("sha256", Buffer.from(hkdfSync("sha256", SECRET, "", "one-time code", 32)))
    expect(tokens.refresh.read(`${content}.${ofCodes.update(content).digest("base64url")}`)).toBeNull()
  })
})

describe("a new secret", () => {
  const after = createTokens({ secret: OTHER, previousSecret: SECRET }, TIMING.auth)
  const rotation = { sessionId: caller.sessionId, generation: 3 }
  const code = { mobileNumber: "+12025550123", purpose: "login", code: "123456" } as const

  test("leaves what the previous one has made good", () => {
    expect(after.access.read(tokens.access.issue(caller))).toMatchObject(caller)
    expect(after.refresh.read(tokens.refresh.issue(rotation))).toEqual(rotation)
    expect(after.codes.hashes(code)).toContainEqual(tokens.codes.hash(code))
  })

  test("makes what the previous one can't read", () => {
    expect(() => tokens.access.read(after.access.issue(caller))).toThrow(Unauthenticated)
    expect(tokens.refresh.read(after.refresh.issue(rotation))).toBeNull()
  })

  test("ends it all when the previous one is dropped", () => {
    const dropped = createTokens({ secret: OTHER, previousSecret: null }, TIMING.auth)
    expect(() => dropped.access.read(tokens.access.issue(caller))).toThrow(Unauthenticated)
    expect(dropped.refresh.read(tokens.refresh.issue(rotation))).toBeNull()
  })
})

describe("a code", () => {
  test("has six digits", () => {
    for (let i = 0; i < 1_000; i++) expect(newCode()).toMatch(/^\d{6}$/)
  })

  test("has a hash of its own for each number and purpose", () => {
    const hash = (mobileNumber: string, purpose: "login" | "password_reset") =>
      tokens.codes.hash({ mobileNumber, purpose, code: "123456" }).toString("hex")
    const hashes = [
      hash("+12025550123", "login"),
      hash("+12025550124", "login"),
      hash("+12025550123", "password_reset"),
    ]
    expect(new Set(hashes).size).toBe(3)
  })
})
