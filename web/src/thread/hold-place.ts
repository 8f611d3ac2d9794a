/**
 * Remembers where the first or last message stands, which is in sight or near, while others come and go around it.
 * @returns puts it there again
 */
export function holdPlace(scrolled: HTMLElement, which: "first" | "last"): () => void {
  const messages = scrolled.querySelectorAll("article.message")
  const held = messages[which === "first" ? 0 : messages.length - 1]
  const before = held?.getBoundingClientRect().top ?? 0
  return () => {
    if (held?.isConnected) scrolled.scrollTop += held.getBoundingClientRect().top - before
  }
}
