import { getAdminFile, getAdminPage, getAdminSignInPage } from "../controllers/admin-page.controller.ts"
import {
  closeAdminSession,
  getAdminSession,
  openAdminSession,
} from "../controllers/admin-session.controller.ts"
import { AdminFile, AdminSession, AdminSignIn } from "../schemas/admin-system.ts"
import { del, type Endpoint, get, media, post } from "./endpoint.ts"

export const adminSessionRoutes: Endpoint[] = [
  get("/admin", {
    summary: "Open the operator's page",
    description: "Uses this API with the session of `POST /admin/session`.",
    auth: "none",
    reply: { 200: media("text/html") },
    run: getAdminPage,
  }),
  get("/admin/sign-in", {
    summary: "Sign in to the operator's page",
    description: "Accepts `ADMIN_TOKEN` or the access token of an admin.",
    auth: "none",
    reply: { 200: media("text/html") },
    run: getAdminSignInPage,
  }),
  get("/admin/files/:file", {
    summary: "Get an asset of the page",
    description: "Scripts and styles of `/admin`.",
    auth: "none",
    params: AdminFile,
    reply: { 200: media("text/css", "text/javascript") },
    run: getAdminFile,
  }),
  post("/admin/session", {
    summary: "Start an operator session",
    description:
      "Sets an HttpOnly, same-site cookie for one hour. Changing `ADMIN_TOKEN` ends every operator session.",
    auth: "none",
    limit: "auth",
    body: AdminSignIn,
    reply: { 200: AdminSession },
    responseHeaders: ["Set-Cookie"],
    errors: ["unauthenticated"],
    run: openAdminSession,
  }),
  get("/admin/session", {
    summary: "Get the current operator session",
    description: "Accepts the cookie or a bearer token.",
    auth: "admin",
    limit: "write",
    reply: { 200: AdminSession },
    run: getAdminSession,
  }),
  del("/admin/session", {
    summary: "End an operator session",
    description:
      "Removes the cookie and ends its session: a copy of the cookie is invalid at once, in every process.",
    auth: "none",
    limit: "auth",
    reply: { 204: null },
    responseHeaders: ["Set-Cookie"],
    run: closeAdminSession,
  }),
]
