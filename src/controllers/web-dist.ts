import { fileURLToPath } from "node:url"
import { readSharedFile } from "./shared-file.ts"

/** Written by the build, `bin/web-build.mjs`. */
export const WEB_DIST = fileURLToPath(new URL("../../web/dist/", import.meta.url))

/** Reads a page of the web client; null where the client isn't built. */
export function readWebPage(name: "index.html" | "shared.html"): Promise<Buffer | null> {
  return readSharedFile(`${WEB_DIST}${name}`).catch(() => null)
}
