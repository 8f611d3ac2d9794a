import { isEmbedded } from "../state/embedding.ts"
import { whenQuiet } from "../ui/turn.ts"

/**
 * Registers the worker that keeps the page for offline, once the page is there and quiet: it loads all files of the build,
 * which would hold up messages that are still being written. The browser may install a later build at any time.
 */
export function registerWorker(): void {
  // A frame of another site has no use for it: its addresses are beyond the scope.
  if (isEmbedded || !import.meta.env.PROD || !("serviceWorker" in navigator)) return
  const register = () =>
    void navigator.serviceWorker
      .register("/app/sw.js", { scope: "/app", updateViaCache: "none" })
      .then(({ waiting }) => waiting?.postMessage(null))
      .catch(() => undefined)
  if (document.readyState === "complete") whenQuiet(register)
  else addEventListener("load", () => whenQuiet(register), { once: true })
}
