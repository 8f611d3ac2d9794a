import { t } from "../../i18n/index.ts"
import { copy } from "../../ui/copy.ts"
import { saveFile } from "../../ui/save-file.ts"
import { codeFileName } from "./code-file-name.ts"

const WRAPPED = "wraps-code"

/** Whether long lines of code are broken, in every block: whoever reads code on a telephone wants it once. */
export const isCodeWrapped = () => document.documentElement.classList.contains(WRAPPED)

/** For the whole page: the buttons in texts are HTML, without handlers of their own. */
export async function onCodeTool({ target }: MouseEvent): Promise<void> {
  const button = (target as Element).closest?.<HTMLElement>("figure.code button")
  const figure = button?.closest("figure")
  const code = figure?.querySelector("code")?.textContent
  if (!button || !figure || code === undefined) return
  if ("wrapCode" in button.dataset) toggleWrap()
  if ("saveCode" in button.dataset) {
    saveFile(codeFileName(figure.querySelector(".language")?.textContent ?? ""), code, "text/plain")
  }
  if ("copyCode" in button.dataset && (await copy(code))) {
    button.textContent = t.common.copied
    button.addEventListener("blur", () => (button.textContent = t.common.copy), { once: true })
  }
}

function toggleWrap(): void {
  const isWrapped = document.documentElement.classList.toggle(WRAPPED)
  for (const button of document.querySelectorAll("[data-wrap-code]"))
    button.setAttribute("aria-pressed", String(isWrapped))
}
