import { isEmbedded } from "../state/embedding.ts"

/** Registers the worker that keeps the page for offline, once the page is there and quiet. */
export function registerWorker(): void {
  // A frame of another site has no use for it: its addresses are beyond the scope.
  if (isEmbedded || !import.meta.env.PROD || !("serviceWorker" in navigator)) return
  const register = () =>
    void navigator.serviceWorker
      .register("/app/sw.js", { scope: "/app", updateViaCache: "none" })
      .then(({ waiting }) => waiting?.postMessage(null))
      .catch(() => undefined)
  // Safari has no idle callbacks.
  if ("requestIdleCallback" in window) requestIdleCallback(register, { timeout: 5_000 })
  else setTimeout(register, 1_000)
}
