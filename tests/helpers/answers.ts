import { expect, vi } from "vitest"
import type { Answer, Http } from "../../tools/lib/http.ts"

export function expectProblem(answer: Answer, status: number, code: string): void {
  expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code })
  expect(answer.headers.get("content-type")).toContain("application/problem+json")
}

/** Counts the answers that have this status. */
export const count = (answers: Answer[], status: number) =>
  answers.filter((answer) => answer.status === status).length

/** Makes `n` calls at once. */
export function times<T>(n: number, make: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: n }, (_, index) => make(index)))
}

/** Reads a list to its last page, or its first `most` pages, by their links. */
export async function readPages(http: Http, path: string, most = Infinity) {
  const pages: Answer["body"][] = []
  for (let next: string | undefined = path; next && pages.length < most; ) {
    const { body, headers } = await http.get(next)
    pages.push(body)
    next = /<(.*)>; rel="next"/.exec(headers.get("link") ?? "")?.[1]
  }
  return pages
}

/** How long tests wait for a state: longer than a busy machine takes, and what comes is seen at once. */
export const PATIENCE_MS = 60_000

/** Waits until `check` doesn't throw, also in concurrent tests, which can't use expect.poll. @returns what it returns */
export const until = <T>(check: () => Promise<T>, timeout = PATIENCE_MS): Promise<T> =>
  vi.waitFor(check, { timeout, interval: 20 })
