import { z } from "zod"

/** A file of the build; names have a hash of the content, so they are never given to other content. */
export const WebAsset = z.strictObject({
  file: z
    .string()
    .regex(/^[\w-]{1,80}\.[\w.-]{1,40}$/)
    .meta({ examples: ["index-Bq3x9ZkM.js"] }),
})
export type WebAsset = z.infer<typeof WebAsset>

/** Which chatroom the page is to show. The page reads it from its own address, and says so if there is none. */
export const WebRoom = z.strictObject({
  id: z
    .string()
    .max(100)
    .meta({ examples: ["01a20380-35df-77b7-a96a-565deb07f9f4"] }),
})
