import type pg from "pg"
import type { Load } from "./load.ts"

/** A message as it is stored. */
export interface Row {
  id: string
  parent_id: string | null
  chatroom_id: string
  user_id: string
  role: "user" | "model"
  position: number
  content: string
  /** The text that a reply goes on from, with which its own begins. */
  prefix: string
  status: string
  error_code: string | null
  attempt: number
  /** How many workers died of it. */
  takeovers: number
  /** Whether the quota unit was given back. */
  is_given_back: boolean
  is_copy: boolean
  /** Dollars, as text; null: none. */
  cost_amount: string | null
  completed_at: Date | null
}

export type Stored = Awaited<ReturnType<typeof readMessages>>

/** Reads all that the users of a load have. */
export async function readMessages(pool: pg.Pool, { users }: Pick<Load, "users">) {
  const { rows } = await pool.query<Row>(MESSAGES, [users.map(({ id }) => id)])
  const replies = rows.filter(({ role, is_copy }) => role === "model" && !is_copy)
  return {
    byId: new Map(rows.map((row) => [row.id, row])),
    /** By their prompts; copies left out. */
    replies: Map.groupBy(replies, (row) => row.parent_id ?? ""),
    /** Copies left out. */
    prompts: rows.filter(({ role, is_copy }) => role === "user" && !is_copy),
  }
}

const MESSAGES = `
  SELECT m.id, m.parent_id, m.chatroom_id, c.user_id, m.role, m.position, m.content, m.prefix, m.status, m.error_code, m.attempt, m.takeovers,
    m.charged_on IS NULL AS is_given_back, m.is_copy, m.cost_amount, m.completed_at
  FROM messages AS m JOIN chatrooms AS c ON c.user_id = m.user_id AND c.id = m.chatroom_id
  WHERE c.user_id = ANY($1)`

/** Returns a message and those before it on its branch, the oldest first. */
export function branchOf({ byId }: Stored, id: string | null): Row[] {
  const branch: Row[] = []
  for (let row = byId.get(id ?? ""); row; row = byId.get(row.parent_id ?? "")) branch.unshift(row)
  return branch
}
