import { deleteMe, getMe, getMyExport, patchMe } from "../controllers/user.controller.ts"
import { Deleting, Export, User, UserChange } from "../schemas/user.ts"
import { del, type Endpoint, get, patch } from "./endpoint.ts"

export const userRoutes: Endpoint[] = [
  get("/user/me", {
    summary: "Get oneself",
    description: "The account that the access token belongs to.",
    auth: "user",
    limit: "read",
    reply: { 200: User },
    run: getMe,
  }),
  patch("/user/me", {
    summary: "Change one's name",
    description: "`null` removes it.",
    auth: "user",
    limit: "write",
    body: UserChange,
    reply: { 200: User },
    run: patchMe,
  }),
  del("/user/me", {
    summary: "Delete oneself and everything of one's own",
    description:
      "All tokens are dead at once; rooms, messages and sessions are erased in the background. The mobile number is free again.",
    auth: "user",
    limit: "write",
    reply: { 202: Deleting },
    run: deleteMe,
  }),
  get("/user/me/export", {
    summary: "Get everything that is kept of oneself",
    description:
      "One JSON document, to be saved as a file. It is written while it is read, so it may be long.",
    auth: "user",
    limit: "write",
    reply: { 200: Export },
    responseHeaders: ["Content-Disposition"],
    run: getMyExport,
  }),
]
