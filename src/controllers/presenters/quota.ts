import type { Quota } from "../../services/usage/quota.ts"

export function presentQuota({ day, used, limit, remaining, resetsAt, tools }: Quota) {
  return { day, used, limit, remaining, resetsAt: resetsAt.toISOString(), ...tools }
}
