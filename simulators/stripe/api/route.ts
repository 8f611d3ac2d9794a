import type { z } from "zod"
import type { Account } from "../model/account.ts"
import type { Form } from "./form.ts"
import { checked } from "./params.ts"

export type Method = "GET" | "POST" | "DELETE"

/** One call of the API: where, what it takes, what it does. `:id` in the path stands for an object's id. */
export type Row = {
  method: Method
  path: string
  run(account: Account, id: string, form: Form): unknown
}

export type Call<Params> = { account: Account; id: string; params: Params }

/** Declares a call. `run` gets checked parameters and returns the object to answer with, unexpanded. */
export function row<S extends z.ZodType>(
  method: Method,
  path: string,
  params: S,
  run: (call: Call<z.output<S>>) => unknown,
): Row {
  return { method, path, run: (account, id, form) => run({ account, id, params: checked(params, form) }) }
}
