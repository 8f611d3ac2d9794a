import { mkdir, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import type { Browser } from "playwright-core"
import { chromium, launchChromium } from "../lib/chromium.ts"
import { readCommandLine, readNames } from "../lib/command-line.ts"
import { openBooth } from "./booth.ts"
import { type Scene, STATES, type State } from "./states.ts"

const ROOT = resolve(import.meta.dirname, "../..")
const NAMES = STATES.map(({ name }) => name)

const HELP = `Usage: npm run screenshots [-- OPTIONS]

Takes the pictures of docs/screenshots anew: each state of the web client on a telephone and on a desk, light and dark, in
the Chromium of the PATH. The service is started for it, with a database of its own and a simulated Gemini, and everything
but the pictures is removed again.

  --only NAMES       of ${NAMES.join(", ")}
  --folder FOLDER    where the pictures go; docs/screenshots by default
  --help             this text
`

const WINDOWS = [
  { name: "phone", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  { name: "desk", viewport: { width: 1440, height: 900 } },
]
const THEMES = ["light", "dark"] as const

/** Of 100. Letters stay sharp, and all pictures take about a megabyte. */
const QUALITY = 72

const text = { type: "string" } as const
const { only, folder } = readCommandLine(HELP, { only: text, folder: text }, ({ only, folder }) => ({
  only: only === undefined ? NAMES : readNames("--only", only, NAMES),
  folder: folder === undefined ? join(ROOT, "docs/screenshots") : resolve(folder),
}))
if (chromium === null) {
  process.stderr.write("There is no Chromium on the PATH, so there are no pictures.\n")
  process.exit(1)
}
await takeAll(chromium)

async function takeAll(program: string): Promise<void> {
  await using stack = new AsyncDisposableStack()
  // The first of a Ctrl-C's signals, which come from the terminal and from npm.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => void stack.disposeAsync().finally(() => process.exit(130)))
  await mkdir(folder, { recursive: true })
  const booth = await openBooth(stack)
  const browser = await launchChromium(program, ["--hide-scrollbars"])
  stack.defer(() => browser.close())
  for (const state of STATES.filter(({ name }) => only.includes(name))) {
    const scene = await state.set(booth)
    const windows = WINDOWS.filter(({ name }) => state.windows?.includes(name) ?? true)
    for (const window of windows)
      for (const colorScheme of THEMES) await take(browser, booth.url, { state, scene, window, colorScheme })
    process.stderr.write(`${state.name}\n`)
  }
}

interface Shot {
  state: State
  scene: Scene
  window: (typeof WINDOWS)[number]
  colorScheme: (typeof THEMES)[number]
}

async function take(
  browser: Browser,
  url: string,
  { state, scene, window, colorScheme }: Shot,
): Promise<void> {
  const { name: size, ...shape } = window
  const { path, storageState, pose } = scene
  const context = await browser.newContext({
    locale: "en-US",
    timezoneId: "UTC",
    reducedMotion: "reduce",
    colorScheme,
    ...shape,
    ...(storageState ? { storageState } : {}),
  })
  const page = await context.newPage()
  await page.goto(url + path)
  await pose(page)
  const devtools = await context.newCDPSession(page)
  const { data } = await devtools.send("Page.captureScreenshot", { format: "webp", quality: QUALITY })
  await writeFile(join(folder, `${state.name}-${size}-${colorScheme}.webp`), Buffer.from(data, "base64"))
  await context.close()
}
