import type { Timing } from "../../config/timing.ts"
import { type AccessTokens, createAccessTokens } from "./access-tokens.ts"
import { type CodeHashes, createCodeHashes } from "./otp-codes.ts"
import { createRefreshTokens, type RefreshTokens } from "./refresh-tokens.ts"
import { deriveSigningKeys, type JwtSecrets } from "./signing-keys.ts"

/** Everything that is made with the JWT secret. */
export interface Tokens {
  access: AccessTokens
  refresh: RefreshTokens
  codes: CodeHashes
}

/** With a previous secret, what was made with it before the change is still good; nothing new is made with it. */
export function createTokens(
  secrets: JwtSecrets,
  { accessTokenMs }: Pick<Timing["auth"], "accessTokenMs">,
): Tokens {
  const keys = deriveSigningKeys(secrets)
  return {
    access: createAccessTokens(keys, accessTokenMs),
    refresh: createRefreshTokens(keys),
    codes: createCodeHashes(keys),
  }
}
