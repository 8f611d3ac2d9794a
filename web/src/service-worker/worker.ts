/// <reference lib="webworker" />

/**
 * Keeps the page and its files, so that it opens without a network. A build's files are kept together, by its version, and
 * a page only ever comes with the files of its own build. Nothing of the API passes through here.
 */
const worker = self as unknown as ServiceWorkerGlobalScope & {
  /** Written by the build before this script. */
  SHELL: { version: string; named: string[]; files: string[] }
}
const { version, named, files } = worker.SHELL
const PAGE = "/app"
const PREFIX = "chat-shell-"
const NAME = `${PREFIX}${version}`

worker.addEventListener("install", (event) => {
  event.waitUntil(keepShell().then(() => worker.skipWaiting()))
})

// A browser may leave it waiting where the one before was busy at that moment: each page that opens asks again.
worker.addEventListener("message", () => void worker.skipWaiting())

worker.addEventListener("activate", (event) => {
  event.waitUntil(dropOld().then(() => worker.clients.claim()))
})

worker.addEventListener("fetch", (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== "GET" || origin !== worker.location.origin) return
  if (pathname.startsWith("/app/assets/")) event.respondWith(asset(request))
  else if (request.mode === "navigate" && isPage(pathname)) event.respondWith(page(request))
})

async function keepShell(): Promise<void> {
  const response = await fetch(PAGE, { cache: "no-cache" })
  const text = await response.clone().text()
  // While a new version is rolled out another process may still serve the page of the one before.
  if (!response.ok || !named.every((name) => text.includes(name)))
    throw new Error("The page is of another build.")
  const isNew = !(await caches.has(NAME))
  const cache = await caches.open(NAME)
  try {
    // One after the other: the page that is open has more to load and to draw.
    for (const file of files) await cache.add(file)
    await cache.put(PAGE, response)
  } catch (error) {
    // A part of a build would take the place of one that is whole.
    if (isNew) await caches.delete(NAME)
    throw error
  }
}

/** The build before stays for pages that are open: they may load more of it. */
async function dropOld(): Promise<void> {
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== NAME)
  await Promise.all(names.slice(0, -1).map((name) => caches.delete(name)))
}

/** Names have a hash of what is in them, so whatever is kept under one is right. */
async function asset(request: Request): Promise<Response> {
  const kept = await caches.match(request, { ignoreVary: true })
  if (kept) return kept
  const response = await fetch(request)
  if (response.ok) {
    const cache = await caches.open(NAME)
    await cache.put(request, response.clone()).catch(() => undefined)
  }
  return response
}

/** A network that gives no answer for so long is none. */
const ANSWER_MS = 3_000

/** The newest page where the service can be reached, otherwise the one that is kept. */
async function page(request: Request): Promise<Response> {
  const kept = await caches.match(PAGE, { cacheName: NAME })
  if (!kept) return fetch(request)
  const late = new Promise<null>((resolve) => setTimeout(resolve, ANSWER_MS, null))
  const fresh = await Promise.race([fetch(request).catch(() => null), late])
  return fresh && fresh.status < 500 ? fresh : kept
}

function isPage(pathname: string): boolean {
  return pathname === PAGE || (pathname.startsWith(`${PAGE}/`) && !pathname.includes("."))
}
