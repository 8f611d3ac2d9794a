import { expect, expectTypeOf, test } from "vitest"
import type { ExportedChatroom } from "../../packages/client/src/index.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { signedIn } from "./kit.ts"

const app = useTestApp()

test("a room is exported as an object or as Markdown", async () => {
  const { client, room } = await signedIn(app)
  const { events } = await client.ask({ chatroomId: room.id, message: "Hello" })
  for await (const _ of events);
  const exported = await client.exportChatroom(room.id)
  expectTypeOf(exported).toEqualTypeOf<ExportedChatroom>()
  expect(exported.messages.map(({ role }) => role)).toEqual(["user", "model"])
  const text = await client.exportChatroom(room.id, { format: "markdown" })
  expectTypeOf(text).toEqualTypeOf<string>()
  expect(text).toContain("> Hello\n")
})
