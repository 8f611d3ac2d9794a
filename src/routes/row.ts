import type { z } from "zod"
import type { LimitName } from "../config/limits.ts"
import type { Reply, UserInput } from "../controllers/endpoint.ts"
import type { Context } from "../services/context.ts"

type Schema = z.ZodType | undefined
type Output<S extends Schema> = S extends z.ZodType ? z.infer<S> : undefined
type Method = "get" | "post" | "patch" | "delete"

/** One endpoint, declared: what guards it, in the order they run, what goes in and out, who answers. */
export interface Row<P extends Schema = Schema, Q extends Schema = Schema, B extends Schema = Schema> {
  method: Method
  path: string
  summary: string
  /** `user`: a live access token is needed, and `input.user` says whose it is. `admin`: the operator's token is. */
  auth: "none" | "user" | "admin"
  /** The named rate limit, per user where there is one, per address otherwise. */
  limit?: LimitName
  params?: P
  query?: Q
  body?: B
  /** Reply schemas by status; null says: no JSON body. */
  reply: Record<number, z.ZodType | null>
  run(
    ctx: Context,
    input: UserInput<{ params: Output<P>; query: Output<Q>; body: Output<B> }>,
  ): Promise<Reply> | Reply
}

type Declared<P extends Schema, Q extends Schema, B extends Schema> = Omit<Row<P, Q, B>, "method" | "path">

function declare(method: Method) {
  return <P extends Schema = undefined, Q extends Schema = undefined, B extends Schema = undefined>(
    path: string,
    row: Declared<P, Q, B>,
  ): Row => ({ method, path, ...row }) as Row
}

export const get = declare("get")
export const post = declare("post")
export const patch = declare("patch")
export const del = declare("delete")
