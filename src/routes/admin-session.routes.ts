import { getAdminPage, getAdminSignInPage } from "../controllers/admin-page.controller.ts"
import {
  closeAdminSession,
  getAdminSession,
  openAdminSession,
} from "../controllers/admin-session.controller.ts"
import { AdminSession, AdminSignIn } from "../schemas/admin-system.ts"
import { BUILT_PAGE, del, type Endpoint, get, post } from "./endpoint.ts"

export const adminSessionRoutes: Endpoint[] = [
  get("/admin", {
    ...BUILT_PAGE,
    summary: "Open the operators' page",
    description:
      "Uses this API with the session of `POST /admin/session`. Returns 503 where the web client isn't built.",
    run: getAdminPage,
  }),
  get("/admin/sign-in", {
    ...BUILT_PAGE,
    summary: "Sign in to the operators' page",
    description: "The same page. It takes `ADMIN_TOKEN` or the access token of an admin.",
    run: getAdminSignInPage,
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
