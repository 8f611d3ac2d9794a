import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Plugin, Rolldown } from "vite"

/** A part that is loaded when it is used, such as the colouring of code, is kept when it was, if it is larger. */
const LARGEST_LAZY = 100_000

/**
 * Writes what makes the page installable and lets it open offline: the manifest with its icons, and the service worker, which
 * is told the files of this build.
 */
export function offline({ icons }: { icons: string }): Plugin {
  return {
    name: "offline",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      const iconFiles = readdirSync(icons).map((name) => {
        const source = readFileSync(join(icons, name))
        return this.getFileName(this.emitFile({ type: "asset", name, source }))
      })
      const source = JSON.stringify(manifest(iconFiles))
      this.emitFile({ type: "asset", fileName: "manifest.webmanifest", source })
      const worker = bundle["sw.js"]
      const html = bundle["index.html"]
      if (worker?.type !== "chunk" || html?.type !== "asset")
        throw new Error("A page or its worker is missing.")
      const entry = Object.values(bundle).find(
        (one) => one.type === "chunk" && one.isEntry && one.facadeModuleId?.endsWith("/index.html"),
      )
      if (entry?.type !== "chunk") throw new Error("The page has no script.")
      const files = [...partsOf(bundle, entry, String(html.source))].sort()
      const hash = createHash("sha256")
        .update(worker.code)
        .update(String(html.source))
        .update(files.join("\n"))
      const shell = {
        version: hash.digest("base64url").slice(0, 16),
        // What the page names, by which it is known as the page of this build.
        named: namedIn(String(html.source)),
        files: files.map((name) => `/app/${name}`),
      }
      worker.code = `self.SHELL=${JSON.stringify(shell)};\n${worker.code}`
    },
  }
}

/** The files of a page: what its HTML names, and what its scripts load. */
function partsOf(bundle: Rolldown.OutputBundle, entry: Rolldown.OutputChunk, html: string): Set<string> {
  const parts = new Set(namedIn(html))
  const seen = new Set<string>()
  const visit = (name: string, isLazy: boolean) => {
    const chunk = bundle[name]
    if (seen.has(name) || chunk?.type !== "chunk" || (isLazy && chunk.code.length > LARGEST_LAZY)) return
    seen.add(name)
    parts.add(name)
    for (const style of chunk.viteMetadata?.importedCss ?? []) parts.add(style)
    for (const asset of chunk.viteMetadata?.importedAssets ?? []) parts.add(asset)
    for (const next of chunk.imports) visit(next, false)
    for (const next of chunk.dynamicImports) visit(next, true)
  }
  visit(entry.fileName, false)
  return parts
}

const namedIn = (html: string) =>
  [...html.matchAll(/\/app\/(assets\/[^"]+)"/g)].map(([, name]) => name as string)

function manifest(files: string[]) {
  const icon = (name: string) => `/app/${files.find((file) => file.includes(`/${name}-`))}`
  const size = (pixels: number) => `${pixels}x${pixels}`
  return {
    id: "/app",
    name: "Chat",
    short_name: "Chat",
    start_url: "/app",
    scope: "/app",
    display: "standalone",
    background_color: "#fcfbf9",
    theme_color: "#fbfaf8",
    icons: [
      { src: icon("icon-192"), sizes: size(192), type: "image/png" },
      { src: icon("icon-512"), sizes: size(512), type: "image/png" },
      { src: icon("icon-maskable-512"), sizes: size(512), type: "image/png", purpose: "maskable" },
    ],
  }
}
