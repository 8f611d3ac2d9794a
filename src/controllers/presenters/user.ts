import type { UserRecord } from "../../services/users/find-user.ts"

export function presentUser(user: UserRecord) {
  return {
    id: user.id,
    mobileNumber: user.mobileNumber,
    name: user.name,
    tier: user.tier,
    hasPassword: user.passwordHash !== null,
    createdAt: user.createdAt.toISOString(),
  }
}
