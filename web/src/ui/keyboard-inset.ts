/**
 * Keeps the page above the keyboard of a telephone where the browser lays that over it instead of making the page smaller
 * (Safari; others follow `interactive-widget` in the viewport's meta tag). The style sheet takes `--page-height`.
 */
export function followKeyboard(): void {
  const { visualViewport: seen } = window
  if (!seen) return
  const follow = () => {
    // A page that is zoomed in is looked at through a smaller window, and stays as it is.
    const isCovered = seen.scale === 1 && innerHeight - seen.height > 1
    const { style } = document.documentElement
    if (isCovered) style.setProperty("--page-height", `${seen.height}px`)
    else style.removeProperty("--page-height")
    // The browser has scrolled the page to show the field, which is in sight anyway.
    if (isCovered) scrollTo(0, 0)
  }
  seen.addEventListener("resize", follow)
}
