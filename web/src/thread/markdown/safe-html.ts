import DOMPurify from "dompurify"

export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;")
}

/** Text of Markdown, in which an entity such as `&copy;` is a character already. */
export function escapeText(text: string): string {
  const escaped = escapeHtml(text)
  if (!escaped.includes("&amp;")) return escaped
  return escaped.replace(/&amp;(#\d{1,7}|#[xX][\da-fA-F]{1,6}|[a-zA-Z]\w{1,31});/g, "&$1;")
}

/** The renderer writes safe HTML already; this is the second lock, for what it has overlooked. */
export function sanitize(html: string): string {
  return DOMPurify.sanitize(html)
}

const words = (text: string) => text.trim().split(/\s+/)

const HTML_TAGS = words(`
  a blockquote br button code del div em figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre section span strong sub sup
  table tbody td th thead tr ul`)

/** What formulas are made of. Without what can hold HTML, links or pictures. */
const MATH_TAGS = words(`
  math menclose mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt mstyle msub
  msubsup msup mtable mtd mtext mtr munder munderover none`)

const ALLOWED_TAGS = [...HTML_TAGS, ...MATH_TAGS]

const HTML_ATTRIBUTES = words("class href id rel role start tabindex target title type")
const BUTTONS = words("data-copy-code data-save-code data-wrap-code")

const MATH_ATTRIBUTES = words(`
  accent accentunder columnalign columnlines columnspacing columnspan depth display displaystyle fence form height
  largeop linethickness lspace maxsize minsize movablelimits notation rowlines rowspacing rowspan rspace scriptlevel
  separator stretchy symmetric voffset width`)

const ALLOWED_ATTR = [...HTML_ATTRIBUTES, ...BUTTONS, ...MATH_ATTRIBUTES]

// Given with each text it would be read with each text, which takes longer than most texts do.
DOMPurify.setConfig({
  ALLOWED_TAGS,
  ALLOWED_ATTR,
  // Their values aren't addresses.
  ADD_URI_SAFE_ATTR: ALLOWED_ATTR.filter((name) => name !== "href"),
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: true,
  ALLOWED_URI_REGEXP: /^(?:https?:\/\/|mailto:|#note)/i,
})
