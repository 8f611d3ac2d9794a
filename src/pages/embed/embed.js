/*
 * Puts the chat into a page of another site:
 *
 *   <script src="https://chat.example.com/embed.js" data-label="Ask us" defer></script>
 *
 * docs/EMBED.md has the attributes, and what the service must allow. The conversation is in an iframe of the service's
 * own, so this page can't read it. Nothing is loaded from the service before the button is used.
 */
;(() => {
  const script = document.currentScript
  const service = new URL(".", script.src)
  const { label = "Chat", position = "right", theme = "auto", open } = script.dataset

  /** How long after its load the frame may say nothing before it counts as refused. */
  const SILENT_MS = 4_000

  /** Styles that the page's policy doesn't have to allow, and that the page's own don't reach. */
  const STYLE = `
    :host { all: initial; position: fixed; z-index: 2147483000; inset-block-end: 0; inset-inline: 0; block-size: 0 }
    * { box-sizing: border-box }
    .button {
      position: fixed; inset-block-end: calc(1rem + env(safe-area-inset-bottom)); inset-inline-end: 1rem;
      padding: .75rem 1.25rem; border: 0; border-radius: 2rem; background: #0f6b62; color: #fff; cursor: pointer;
      font: 550 1rem/1.2 system-ui, sans-serif; box-shadow: 0 .25rem 1rem rgb(0 0 0 / 25%)
    }
    .button:focus-visible, .link:focus-visible { outline: 3px solid #0f6b62; outline-offset: 3px }
    .panel {
      position: fixed; inset-block-end: calc(4.5rem + env(safe-area-inset-bottom)); inset-inline-end: 1rem;
      inline-size: min(26rem, calc(100vw - 2rem)); block-size: min(42rem, calc(100dvh - 6rem));
      overflow: hidden; border: 1px solid rgb(128 128 128 / 35%); border-radius: 1rem; background: Canvas;
      box-shadow: 0 .5rem 2.5rem rgb(0 0 0 / 30%)
    }
    .left .button, .left .panel { inset-inline: 1rem auto }
    .panel[hidden] { display: none }
    iframe { display: block; inline-size: 100%; block-size: 100%; border: 0 }
    .refused { padding: 1.5rem; color: CanvasText; font: 1rem/1.5 system-ui, sans-serif }
    .link { color: LinkText }
    @media (max-width: 480px) {
      .panel, .left .panel { inset: 0 0 calc(4.25rem + env(safe-area-inset-bottom)) 0; inline-size: auto; block-size: auto; border: 0; border-radius: 0 }
    }
    @media print { :host { display: none } }
  `

  const host = document.createElement("div")
  const root = host.attachShadow({ mode: "open" })
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(STYLE)
  root.adoptedStyleSheets = [sheet]

  const frameOfPage = document.createElement("div")
  frameOfPage.className = position === "left" ? "left" : "right"
  const panel = document.createElement("div")
  panel.className = "panel"
  panel.id = "panel"
  panel.hidden = true
  panel.setAttribute("role", "dialog")
  panel.setAttribute("aria-label", label)
  const button = document.createElement("button")
  button.type = "button"
  button.className = "button"
  button.textContent = label
  button.setAttribute("aria-expanded", "false")
  button.setAttribute("aria-controls", "panel")
  frameOfPage.append(panel, button)
  root.append(frameOfPage)

  let frame = null
  let isReady = false

  function load() {
    frame = document.createElement("iframe")
    frame.title = label
    frame.allow = "clipboard-write; microphone"
    frame.src = new URL(`embed#theme=${encodeURIComponent(theme)}`, service).href
    frame.addEventListener("load", () => setTimeout(() => isReady || refuse(), SILENT_MS), { once: true })
    panel.append(frame)
  }

  /** The service doesn't allow this site, or can't be reached: the browser shows nothing of why. */
  function refuse() {
    const words = document.createElement("p")
    words.className = "refused"
    const link = document.createElement("a")
    link.className = "link"
    link.href = new URL("app", service).href
    link.target = "_blank"
    link.rel = "noopener"
    link.textContent = service.host
    words.append("The chat can't be shown in this page. Open it at ", link, ".")
    panel.replaceChildren(words)
    frame = null
  }

  function show() {
    if (panel.childElementCount === 0) load()
    panel.hidden = false
    button.setAttribute("aria-expanded", "true")
    frame?.focus()
  }

  function hide() {
    panel.hidden = true
    button.setAttribute("aria-expanded", "false")
    button.focus()
  }

  button.addEventListener("click", () => (panel.hidden ? show() : hide()))
  root.addEventListener("keydown", ({ key }) => key === "Escape" && !panel.hidden && hide())
  addEventListener("message", ({ source, origin, data }) => {
    // Of any other frame or origin it means nothing.
    if (!frame || source !== frame.contentWindow || origin !== service.origin) return
    if (data?.chat === "ready") isReady = true
    if (data?.chat === "close" && !panel.hidden) hide()
  })

  function begin() {
    document.body.append(host)
    if (open !== undefined && open !== "false") show()
  }
  if (document.body) begin()
  else addEventListener("DOMContentLoaded", begin, { once: true })
})()
