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
    summary: "Look after the service on a page",
    description: "Asks this API for what it shows, with the session of `POST /admin/session`.",
    auth: "none",
    reply: { 200: media("text/html") },
    run: getAdminPage,
  }),
  get("/admin/sign-in", {
    summary: "Sign in to the page",
    description: "Takes `ADMIN_TOKEN`, or the access token of a user with the role admin.",
    auth: "none",
    reply: { 200: media("text/html") },
    run: getAdminSignInPage,
  }),
  get("/admin/files/:file", {
    summary: "Get a part of the page",
    description: "Scripts and styles of `/admin`.",
    auth: "none",
    params: AdminFile,
    reply: { 200: media("text/css", "text/javascript") },
    run: getAdminFile,
  }),
  post("/admin/session", {
    summary: "Open a browser's session as an operator",
    description:
      "Sets a cookie for an hour, which scripts can't read and other sites' pages can't use. Changing `ADMIN_TOKEN` ends all of them.",
    auth: "none",
    limit: "auth",
    body: AdminSignIn,
    reply: { 200: AdminSession },
    responseHeaders: ["Set-Cookie"],
    errors: ["unauthenticated"],
    run: openAdminSession,
  }),
  get("/admin/session", {
    summary: "Tell who is signed in as an operator",
    description: "By cookie or bearer token.",
    auth: "admin",
    limit: "write",
    reply: { 200: AdminSession },
    run: getAdminSession,
  }),
  del("/admin/session", {
    summary: "Close a browser's session as an operator",
    description: "The cookie is taken away. A copy of it would be good for the rest of its hour.",
    auth: "none",
    limit: "auth",
    reply: { 204: null },
    responseHeaders: ["Set-Cookie"],
    run: closeAdminSession,
  }),
]
