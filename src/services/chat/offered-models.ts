import type pg from "pg"
import type { CompleteConfig } from "../../config/env.ts"
import { isProSql, type Tier, tierSql } from "../../models/user.ts"
import { InvalidRequest } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { findOwnUser } from "../users/find-user.ts"
import { factsAbout, type ModelFacts } from "./model-facts.ts"

type GeminiConfig = Pick<CompleteConfig["gemini"], "model" | "models">

/** A model that a user may choose. */
export interface OfferedModel extends ModelFacts {
  name: string
  /** The tier that it needs. */
  tier: Tier
  /** Whether it answers in rooms that name none. */
  isDefault: boolean
}

/** Lists the models that a user may choose, in the operator's order. @throws {Unauthenticated} */
export async function listModels(ctx: Context, userId: string): Promise<OfferedModel[]> {
  const { tier } = await findOwnUser(ctx, userId)
  const { gemini } = ctx.config
  return gemini.models
    .filter((model) => mayUse(tier, model))
    .map((model) => ({ ...factsAbout(model.name), ...model, isDefault: model.name === gemini.model }))
}

/**
 * Requires that the user may choose the model; without a name, the default one is meant.
 * @throws {InvalidRequest} with the names of the models that the user may choose
 */
export async function requireOffered(
  db: pg.Pool | pg.ClientBase,
  gemini: GeminiConfig,
  { userId, name }: { userId: string; name: string | null | undefined },
): Promise<void> {
  if (name === null || name === undefined) return
  const { rows } = await (db as pg.Pool).query<{ tier: Tier }>({
    name: "read-tier",
    text: READ_TIER,
    values: [userId],
  })
  const names = namesFor(gemini, rows[0]?.tier ?? "basic")
  if (names.includes(name)) return
  const needsPro = namesFor(gemini, "pro").includes(name)
  const message = `must be one of ${names.join(", ")}${needsPro ? `; ${name} needs Pro` : ""}`
  throw new InvalidRequest([{ path: "body.model", message }], `The model ${message}.`)
}

const READ_TIER = `SELECT ${tierSql("users")} AS tier FROM users WHERE id = $1`

/** Returns the model that answers where `name` is wanted: the default one, if the operator has withdrawn `name`. */
export function stillOffered({ model, models }: GeminiConfig, name: string | null): string {
  return name !== null && models.some((offered) => offered.name === name) ? name : model
}

/** Returns, as SQL, the model that answers in a room of a user: the default one where the user may not use the room's. */
export function answeringModelSql(room: string, users: string, [usual, basic, pro]: SqlParameters): string {
  return `CASE WHEN ${room}.model = ANY (CASE WHEN ${isProSql(users)} THEN ${pro}::text[] ELSE ${basic}::text[] END)
    THEN ${room}.model ELSE ${usual}::text END`
}

type SqlParameters = readonly [usual: string, basic: string, pro: string]

/** Returns the values of `answeringModelSql`'s parameters. */
export function answeringModelValues(config: GeminiConfig): [string, string[], string[]] {
  return [config.model, namesFor(config, "basic"), namesFor(config, "pro")]
}

/** Returns, as JSON by model, the types of files that each model reads that may answer. */
export function readableTypes({ model, models }: GeminiConfig): string {
  const names = [model, ...models.map(({ name }) => name)]
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, factsAbout(name).attachments])))
}

function namesFor({ models }: GeminiConfig, tier: Tier): string[] {
  return models.filter((model) => mayUse(tier, model)).map(({ name }) => name)
}

function mayUse(tier: Tier, model: { tier: Tier }): boolean {
  return tier === "pro" || model.tier === "basic"
}
