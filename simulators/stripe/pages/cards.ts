import { CARD_KINDS, CARDS, type CardKind } from "../model/card-kinds.ts"
import { html } from "./html.ts"

/** A choice of cards. It takes no number, so that no real one is typed in. */
export function cardChoice() {
  return html`<fieldset><legend>Card</legend>
${CARD_KINDS.map(
  (kind, at) =>
    html`<label class="choice"><input type="radio" name="card" value="${kind}" required${at === 0 && html` checked`}><span>${CARDS[kind].title} <span class="soft">•••• ${CARDS[kind].last4}</span></span></label>
`,
)}</fieldset>`
}

/** The kind of card that a form names. */
export function cardIn(form: URLSearchParams): CardKind {
  return CARD_KINDS.find((kind) => kind === form.get("card")) ?? "ok"
}
