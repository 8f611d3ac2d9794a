import jwt from "jsonwebtoken"
import { LRUCache } from "lru-cache"
import { z } from "zod"
import { Unauthenticated } from "../../utils/errors.ts"
import { SECOND } from "../../utils/time.ts"
import type { Principal } from "./principal.ts"
import type { SigningKeys } from "./signing-keys.ts"

const ISSUER = "gemini-chat-backend"
const AUDIENCE = "gemini-chat-backend"

/** RFC 9068 section 2.1: says that this is no other kind of JWT. */
const TYPE = "at+jwt"

/** Ours have about 400 characters. */
const MAX_CHARACTERS = 1_000

/** A verification costs 16 µs and a look into the cache one. */
const CACHED_TOKENS = 10_000

const Claims = z.object({ sub: z.uuid(), sid: z.uuid(), exp: z.number().int() })

export interface AccessTokens {
  issue(of: { userId: string; sessionId: string }): string
  /** Who the token speaks for. Knows nothing of ended sessions. @throws {Unauthenticated} */
  read(token: string): Principal
}

export function createAccessTokens(keys: readonly SigningKeys[], lifeMs: number): AccessTokens {
  const [newest] = keys as [SigningKeys, ...SigningKeys[]]
  const verified = new LRUCache<string, Principal>({ max: CACHED_TOKENS })
  return {
    issue({ userId, sessionId }) {
      return jwt.sign({ sid: sessionId }, newest.access, {
        algorithm: "HS256",
        header: { alg: "HS256", typ: TYPE, kid: newest.id },
        subject: userId,
        issuer: ISSUER,
        audience: AUDIENCE,
        expiresIn: lifeMs / SECOND,
      })
    },
    read(token) {
      const known = verified.get(token)
      if (known) return unexpired(known)
      const principal = verify(keys, token)
      verified.set(token, principal)
      return principal
    },
  }
}

function unexpired(principal: Principal): Principal {
  if (principal.expiresAt * SECOND <= Date.now()) throw new Unauthenticated()
  return principal
}

function verify(keys: readonly SigningKeys[], token: string): Principal {
  if (token.length > MAX_CHARACTERS) throw new Unauthenticated()
  const header = readHeader(token)
  const key = keys.find(({ id }) => id === header?.kid)
  if (header?.typ !== TYPE || !key) throw new Unauthenticated()
  const claims = Claims.safeParse(verifySigned(token, key))
  if (!claims.success) throw new Unauthenticated()
  const { sub, sid, exp } = claims.data
  return Object.freeze({ userId: sub, sessionId: sid, expiresAt: exp })
}

/** The library throws at a payload that is no JSON. */
function readHeader(token: string): jwt.JwtHeader | undefined {
  try {
    return jwt.decode(token, { complete: true })?.header
  } catch {
    return undefined
  }
}

function verifySigned(token: string, key: SigningKeys): unknown {
  try {
    return jwt.verify(token, key.access, { algorithms: ["HS256"], issuer: ISSUER, audience: AUDIENCE })
  } catch {
    return undefined
  }
}
