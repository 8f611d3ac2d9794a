import fc from "fast-check"
import { isRemembered } from "./draft.ts"

/** What a number goes with: the password of its user, or a code that was sent to it. */
export type PairKind = "account" | "sign-in code" | "reset code" | "new number's code"

/** Bodies with two fields that are good only together: drawn one by one they would hardly ever fit. */
const PAIRED: Record<string, { kind: PairKind; secret: string }> = {
  "/auth/login": { kind: "account", secret: "password" },
  "/auth/verify-otp": { kind: "sign-in code", secret: "otp" },
  "/auth/reset-password": { kind: "reset code", secret: "otp" },
  "/user/me/mobile-number/verify": { kind: "new number's code", secret: "otp" },
}

/** `bodies` of `template`, most of them with a number and its secret that the server would take. */
export function withPairs(template: string, bodies: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const paired = PAIRED[template]
  if (!paired) return bodies
  const { kind, secret } = paired
  const isPaired = fc.integer({ min: 0, max: 3 }).map((n) => n > 0)
  return fc.tuple(bodies, fc.nat(), isPaired).map(([body, pick, isPaired]) => {
    if (!isPaired) return body
    const fields = body as Record<string, unknown>
    const remember = (part: string, field: string) => ({
      $remembered: `${kind} ${part}`,
      pick,
      otherwise: withoutMemory(fields[field]),
    })
    return {
      ...fields,
      mobileNumber: remember("number", "mobileNumber"),
      [secret]: remember("secret", secret),
    }
  })
}

const withoutMemory = (value: unknown) => (isRemembered(value) ? value.otherwise : value)

export interface Pairs {
  /** Learns from a request that succeeded. */
  learn(template: string, sent: Record<string, unknown>, reply: Record<string, unknown>): void
  /** `<kind> number` or `<kind> secret`, which fit for the same `pick`; undefined where none is known. */
  lookUp(name: string, pick: number): string | undefined
}

/** A user's own number and the password it begins with are known. */
export function createPairs(own: { mobileNumber: string; password: string }): Pairs {
  let ownNumber = own.mobileNumber
  const pairs = new Map<string, Map<string, string>>([
    ["account", new Map([[own.mobileNumber, own.password]])],
    ["sign-in code", new Map()],
    ["reset code", new Map()],
    ["new number's code", new Map()],
  ])
  const keep = (kind: PairKind, number: unknown, secret: unknown) => {
    if (typeof number === "string" && typeof secret === "string") pairs.get(kind)?.set(number, secret)
  }
  const forget = (kind: PairKind, number: unknown) => void pairs.get(kind)?.delete(String(number))
  return {
    learn(template, sent, reply) {
      switch (template) {
        case "/auth/send-otp":
          return keep("sign-in code", sent.mobileNumber, reply.otp)
        case "/auth/forgot-password":
          return keep("reset code", sent.mobileNumber, reply.otp)
        case "/auth/verify-otp":
          return forget("sign-in code", sent.mobileNumber)
        case "/auth/reset-password":
          forget("reset code", sent.mobileNumber)
          return keep("account", sent.mobileNumber, sent.newPassword)
        case "/auth/change-password":
          return keep("account", ownNumber, sent.newPassword)
        case "/user/me/mobile-number":
          return keep("new number's code", sent.mobileNumber, reply.otp)
        case "/user/me/mobile-number/verify": {
          forget("new number's code", sent.mobileNumber)
          keep("account", sent.mobileNumber, pairs.get("account")?.get(ownNumber))
          forget("account", ownNumber)
          ownNumber = String(sent.mobileNumber)
          return
        }
      }
    },
    lookUp(name, pick) {
      const [, kind = "", part] = /^(.+) (number|secret)$/.exec(name) ?? []
      const known = [...(pairs.get(kind) ?? [])]
      const [number, secret] = known[pick % known.length] ?? []
      return part === "number" ? number : secret
    },
  }
}
