/** Whether the page is in a frame of another site (docs/EMBED.md). It has addresses of its own, which may be framed. */
export const isEmbedded = location.pathname === "/embed" || location.pathname.startsWith("/embed/")

const THEME = "embed.theme"

/** What is open here takes Escape for itself. */
const OPEN = "dialog[open], :popover-open, .rooms.shown, .renaming, .rename, .edit"

/** Takes the colours that the site wants, tells it that the chat is there, and closes the chat by Escape. */
export function beginEmbedding(): void {
  if (!isEmbedded) return
  takeTheme()
  say("ready")
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector(OPEN)) say("close")
  })
}

/** The site's choice comes once, in the address, and stays for this frame. */
function takeTheme(): void {
  const given = new URLSearchParams(location.hash.slice(1)).get("theme")
  if (given !== null) sessionStorage.setItem(THEME, given)
  const theme = sessionStorage.getItem(THEME)
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme
}

/** Whoever may frame the page may know this much, so it goes to any origin. */
function say(chat: "ready" | "close"): void {
  if (window !== parent) parent.postMessage({ chat }, "*")
}
