import { changeMe, deleteMe, exportMe, getMe } from "../controllers/user.controller.ts"
import { Deleting, Export, User, UserChange } from "../schemas/user.ts"
import { del, get, patch, type Row } from "./row.ts"

export const userRoutes: Row[] = [
  get("/user/me", {
    summary: "Get oneself",
    auth: "user",
    limit: "read",
    reply: { 200: User },
    run: getMe,
  }),
  patch("/user/me", {
    summary: "Change one's name",
    auth: "user",
    limit: "write",
    body: UserChange,
    reply: { 200: User },
    run: changeMe,
  }),
  del("/user/me", {
    summary: "Delete oneself and everything of one's own",
    auth: "user",
    limit: "write",
    reply: { 202: Deleting },
    run: deleteMe,
  }),
  get("/user/me/export", {
    summary: "Get everything that is kept of oneself",
    auth: "user",
    limit: "write",
    reply: { 200: Export },
    run: exportMe,
  }),
]
