import { gzipSync } from "node:zlib"
import { type Desk, openTab } from "./desk.ts"

const CODE = "Here:\n\n```ts\nconst answer: number = 42\n```\n"
const MATHEMATICS = "It is $a^2 + b^2 = c^2$, and so\n\n$$\\int_0^1 x\\,dx = \\frac12$$\n"

/** Bytes with gzip of what a browser with an empty cache loads. */
export interface FirstLoad {
  /** To sign in; to read a conversation; what code in it, or mathematics, adds to that. */
  signInBytes: number
  threadBytes: number
  codeBytes: number
  mathematicsBytes: number
}

/** @param plain a room whose texts have neither code nor mathematics; its newest message contains `text` */
export async function measureFirstLoad(
  desk: Desk,
  plain: { id: string; text: string },
  write: (text: string) => Promise<string>,
): Promise<FirstLoad> {
  const room = (id: string) => `/app/chat/${id}`
  const signIn = await load(desk, "/app", "input", true)
  const thread = await load(desk, room(plain.id), "article.reply")
  const code = await load(desk, room(await write(CODE)), ".hljs-keyword")
  const mathematics = await load(desk, room(await write(MATHEMATICS)), "math")
  const beyond = (files: Map<string, number>) =>
    sum([...files].filter(([name]) => name.startsWith("/app/assets/") && !thread.has(name)))
  return {
    signInBytes: sum([...signIn]),
    threadBytes: sum([...thread]),
    codeBytes: beyond(code),
    mathematicsBytes: beyond(mathematics),
  }
}

const sum = (files: [string, number][]) => files.reduce((bytes, [, size]) => bytes + size, 0)

/** Loads a page until `selector` is there and nothing more is asked for. @returns the bytes of its files with gzip */
async function load(
  desk: Desk,
  path: string,
  selector: string,
  isGuest = false,
): Promise<Map<string, number>> {
  const { page, close } = await openTab(desk, { isGuest })
  const files = new Map<string, Promise<number>>()
  page.on("response", (response) => {
    const { pathname } = new URL(response.url())
    const isFile = pathname.startsWith("/app/assets/") || pathname === path
    if (isFile)
      files.set(
        pathname,
        response.body().then((body) => gzipSync(body, { level: 9 }).length),
      )
  })
  // Its streams never end, so the network is never idle: what is asked for once it stands is loaded, too.
  await page.goto(desk.url + path)
  await page.locator(selector).first().waitFor()
  await page.evaluate("new Promise((then) => requestIdleCallback(then))")
  const sizes = await Promise.all([...files].map(async ([name, size]) => [name, await size] as const))
  await close()
  return new Map(sizes)
}
