import { toCamelCase } from "../../utils/camel-case.ts"
import { TIER_SQL } from "./tier.ts"

export type Tier = "basic" | "pro"

/** What of a user's row services hand on. The number is null once the user is deleted. */
export interface UserRecord {
  id: string
  mobileNumber: string | null
  name: string | null
  passwordHash: string | null
  tier: Tier
  createdAt: Date
}

/** The columns that `toUserRecord` reads. */
export const USER_COLUMNS = `id, mobile_number, name, password_hash, ${TIER_SQL("pro_until")} AS tier, created_at`

export function toUserRecord(row: Record<string, unknown>): UserRecord {
  return toCamelCase<UserRecord>(row)
}
