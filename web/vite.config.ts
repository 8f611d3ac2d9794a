import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { brotliCompressSync, constants, gzipSync } from "node:zlib"
import { defineConfig, type Plugin } from "vite"
import { offline } from "./build/offline.ts"

/** The API that `vite` passes calls on to while the client is being worked on. */
const API = process.env.API_URL ?? "http://localhost:3000"

export default defineConfig({
  root: import.meta.dirname,
  base: "/app/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    // Everything stays a file: the page's policy allows nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: ["index.html", "shared.html", "admin.html", "src/service-worker/worker.ts"].map((file) =>
        join(import.meta.dirname, file),
      ),
      output: {
        // The browser finds the worker by its name, and everything else by the hash of its content.
        // Few files compress better than many: what all pages share, and what makes a text.
        advancedChunks: {
          groups: [
            {
              name: "text",
              priority: 1,
              test: /node_modules\/(?:marked|dompurify|remend)\/|\/web\/src\/thread\/(?:markdown\/(?!plain-text)|text\.tsx|sources\.tsx)/,
              minShareCount: 2,
            },
            {
              name: "app",
              // Not what only later parts share.
              test: /\/web\/src\/(?:composer|offline|outbox|rooms\/(?!imports)|thread\/(?!markdown\/plain-text|other-pages))/,
              minShareCount: 2,
            },
            {
              name: "base",
              priority: 2,
              test: /node_modules\/(?:preact|@preact)\/|\/web\/src\/(?:i18n\/(?:index|en)|ui\/(?!chart|data-table|field)|state|api|router|shared\/continue-later|thread\/markdown\/code-(?:tools|file-name))|\/packages\/client\//,
              minShareCount: 2,
            },
          ],
        },
        entryFileNames: ({ name }) => (name === "worker" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  plugins: [offline({ icons: join(import.meta.dirname, "src/ui/icons") }), precompress()],
  server: {
    port: 5173,
    proxy: { "^/(?!app(?:/|$|\\?))": { target: API, changeOrigin: true } },
  },
})

/** Writes .br and .gz beside what is worth it, once, instead of at every request. */
function precompress(): Plugin {
  return {
    name: "precompress",
    apply: "build",
    // Until here other plugins may change what a file holds.
    writeBundle({ dir = "" }, bundle) {
      for (const name of Object.keys(bundle)) {
        if (!/^assets\/.*\.(?:js|css|svg)$/.test(name)) continue
        const bytes = readFileSync(join(dir, name))
        const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY }
        writeFileSync(join(dir, `${name}.br`), brotliCompressSync(bytes, { params }))
        writeFileSync(join(dir, `${name}.gz`), gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }))
      }
    },
  }
}
