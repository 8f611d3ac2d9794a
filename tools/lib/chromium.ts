import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"
import { type Browser, chromium as engine } from "playwright-core"

/** The first has no parts of a browser that nobody sees, which take four seconds of processor at each start. */
const PROGRAMS = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]

/** The machine's Chromium, or null where there is none. */
export const chromium: string | null =
  (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) => PROGRAMS.map((name) => join(folder, name)))
    .find((file) => existsSync(file)) ?? null

/** Starts `program` without a window. */
export function launchChromium(program: string, args: string[] = []): Promise<Browser> {
  // It is run as root, too, and in containers without much shared memory.
  return engine.launch({
    executablePath: program,
    args: ["--no-sandbox", "--disable-dev-shm-usage", ...args],
  })
}

/** The storage of a browser in which the web client at `url` is signed in. */
export function signedInState(url: string, { token, refreshToken }: { token: string; refreshToken: string }) {
  const value = JSON.stringify({ token, refreshToken })
  return { cookies: [], origins: [{ origin: url, localStorage: [{ name: "chat.tokens", value }] }] }
}
