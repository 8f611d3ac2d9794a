import { z } from "zod"
import { Refusal } from "./refusal.ts"
import { createRouter } from "./router.ts"

export const ADMIN_PREFIX = "/__admin/"

/** Answers a request to the admin routes. */
export type AdminApi = (
  method: string,
  path: string,
  body: () => Promise<string>,
) => Promise<{ status: number; body: unknown }>

type AdminRoute = { method: string; path: string; run(id: string, body: unknown): unknown }

/**
 * Declares an admin route below `/__admin/`. `run` gets the id in the path, if there is one, and the checked JSON body.
 * It returns the object to answer with, if there is one.
 */
export function adminRoute<Path extends string, S extends z.ZodType>(
  method: "GET" | "POST" | "DELETE",
  path: Path,
  schema: S,
  run: (...args: Path extends `${string}:id${string}` ? [string, z.output<S>] : [z.output<S>]) => unknown,
): AdminRoute {
  return {
    method,
    path: ADMIN_PREFIX + path,
    run: (id, body) => {
      const parsed = schema.safeParse(body)
      if (!parsed.success) throw new Refusal(400, z.prettifyError(parsed.error))
      const args = path.includes(":id") ? [id, parsed.data] : [parsed.data]
      return run(...(args as Parameters<typeof run>))
    },
  }
}

/** Serves admin routes. A `Refusal` becomes its status with `{ error: { message } }`. */
export function adminApi(routes: readonly AdminRoute[]): AdminApi {
  const find = createRouter(routes)
  return async (method, path, body) => {
    try {
      const found = find(method, path)
      if (!found) throw new Refusal(404, "There is no such admin route.")
      return { status: 200, body: (await found.route.run(found.id, parseJson(await body()))) ?? {} }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return { status: error.status, body: { error: { message: error.message } } }
    }
  }
}

function parseJson(body: string): unknown {
  try {
    return body === "" ? {} : JSON.parse(body)
  } catch (cause) {
    throw new Refusal(400, `The body isn't JSON: ${(cause as Error).message}`)
  }
}
