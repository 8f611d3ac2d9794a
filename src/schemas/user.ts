import { z } from "zod"
import { Id, Time, trimmedText } from "./common.ts"

export const User = z.object({
  id: Id,
  mobileNumber: z.string(),
  name: z.string().nullable(),
  tier: z.enum(["basic", "pro"]),
  hasPassword: z.boolean(),
  createdAt: Time,
})
export type User = z.infer<typeof User>

export const UserChange = z.strictObject({ name: trimmedText(1, 100).nullable() })
export type UserChange = z.infer<typeof UserChange>
