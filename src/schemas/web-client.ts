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

/** What a device needs to install the page: https://www.w3.org/TR/appmanifest/ */
export const WebManifest = z
  .object({
    id: z.string(),
    name: z.string(),
    short_name: z.string(),
    start_url: z.string(),
    scope: z.string(),
    display: z.literal("standalone"),
    background_color: z.string(),
    theme_color: z.string(),
    icons: z.array(
      z.object({
        src: z.string(),
        sizes: z.string(),
        type: z.string(),
        purpose: z.literal("maskable").optional(),
      }),
    ),
  })
  .meta({ id: "WebManifest" })
