import type { Context } from "../services/context.ts"
import { getBuiltPage } from "./built-page.ts"
import type { HttpResponse, PublicInput } from "./http.ts"

/** Returns the operators' page. It contains no data and loads it through the API with the operator's session. */
export function getAdminPage(ctx: Context, { header }: PublicInput): Promise<HttpResponse> {
  return getBuiltPage(ctx, "admin.html", header("if-none-match"))
}

/** Returns the same page, which asks for the token. */
export function getAdminSignInPage(ctx: Context, input: PublicInput): Promise<HttpResponse> {
  return getAdminPage(ctx, input)
}
