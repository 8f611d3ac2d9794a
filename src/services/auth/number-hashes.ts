import { type KeyRing, sign } from "./signing-keys.ts"

/** Hashes mobile numbers, for what is kept about a number without its account. Useless without the server's secret. */
export interface NumberHashes {
  /** @param mobileNumber in E.164 */
  hash(mobileNumber: string): Buffer
  /** Hashes with every key that is still valid. */
  hashes(mobileNumber: string): Buffer[]
  /** The hash as text, to count by: counts outlive an account, and begin anew with another secret. */
  key(mobileNumber: string): string
}

export function createNumberHashes(keys: KeyRing): NumberHashes {
  const [newest] = keys
  return {
    hash: (mobileNumber) => sign(newest.number, mobileNumber),
    hashes: (mobileNumber) => keys.map((key) => sign(key.number, mobileNumber)),
    key: (mobileNumber) => sign(newest.number, mobileNumber).toString("base64url"),
  }
}
