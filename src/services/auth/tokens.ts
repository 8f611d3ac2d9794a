import type { Timing } from "../../config/timing.ts"
import { type AccessTokens, createAccessTokens } from "./access-tokens.ts"
import { createNumberHashes, type NumberHashes } from "./number-hashes.ts"
import { type CodeHashes, createCodeHashes } from "./otp-codes.ts"
import { createRefreshTokens, type RefreshTokens } from "./refresh-tokens.ts"
import { createShareTokens, type ShareTokens } from "./share-tokens.ts"
import { deriveSigningKeys, type JwtSecrets } from "./signing-keys.ts"

/** Everything that is signed or hashed with the JWT secret. */
export interface Tokens {
  access: AccessTokens
  refresh: RefreshTokens
  codes: CodeHashes
  numbers: NumberHashes
  shares: ShareTokens
}

/** Creates the tokens. A previous secret still verifies, but no longer signs. */
export function createTokens(
  secrets: JwtSecrets,
  { accessTokenMs }: Pick<Timing["auth"], "accessTokenMs">,
  now: () => number = () => Date.now(),
): Tokens {
  const keys = deriveSigningKeys(secrets)
  return {
    access: createAccessTokens(keys, accessTokenMs, now),
    refresh: createRefreshTokens(keys),
    codes: createCodeHashes(keys),
    numbers: createNumberHashes(keys),
    shares: createShareTokens(keys),
  }
}
