import type pg from "pg"
import { newId } from "../../../src/utils/ids.ts"

export interface User {
  id: string
  token: string
  refreshToken: string
}

/** A number in the United States, a different one for every `n` below ten million. */
export function mobileNumber(n: number): string {
  return `+1202${String(n).padStart(7, "2")}`
}

/** The number of the user `n` of a site. */
export const mobileNumberOf = (n: number) => mobileNumber(2_000_000 + n)

/** Signs up and in by codes, as clients do, and makes everybody Pro. */
export async function signInUsers(url: string, pool: pg.Pool, count: number): Promise<User[]> {
  const users: User[] = []
  for (let n = 0; n < count; n++) {
    const number = mobileNumberOf(n)
    await post(`${url}/auth/signup`, { mobileNumber: number })
    users.push(await signIn(url, number))
  }
  await pool.query("UPDATE users SET pro_until = 'infinity'")
  return users
}

/** Signs a known number in by a code. */
export async function signIn(url: string, mobileNumber: string): Promise<User> {
  const { otp } = await post<{ otp: string }>(`${url}/auth/send-otp`, { mobileNumber })
  const signedIn = { mobileNumber, otp }
  const { user, ...tokens } = await post<User & { user: { id: string } }>(`${url}/auth/verify-otp`, signedIn)
  return { id: user.id, token: tokens.token, refreshToken: tokens.refreshToken }
}

/** @throws for an answer that isn't 2xx */
export async function post<T>(url: string, body: unknown, headers: Record<string, string> = {}): Promise<T> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`POST ${url} answered ${response.status}: ${text}`)
  return JSON.parse(text) as T
}

/** Gives every user `each` new rooms, straight into the table. @returns the rooms' ids by user */
export async function createRooms(pool: pg.Pool, users: User[], each: number): Promise<string[][]> {
  const rooms = users.map(() => Array.from({ length: each }, newId))
  const owners = users.flatMap((user) => Array.from({ length: each }, () => user.id))
  await pool.query(
    `INSERT INTO chatrooms (id, user_id, name)
     SELECT id, user_id, 'Plans for the week ' || n
     FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS room (id, user_id, n)`,
    [rooms.flat(), owners],
  )
  return rooms
}
