import { t } from "../../i18n/index.ts"
import { isCodeWrapped } from "./code-tools.ts"
import { highlight } from "./highlight.ts"
import { escapeHtml } from "./safe-html.ts"

/** Code with its language, coloured where that is known, and what can be done with it. `info` is what follows the fence. */
export function toCodeBlock(text: string, info: string): string {
  const [language = ""] = info.split(/\s/)
  const name = escapeHtml(language)
  const code = highlight(text, language) ?? escapeHtml(text)
  return `<figure class="code"><figcaption><span class="language">${name}</span>${buttons()}</figcaption><pre tabindex="0"><code>${code}</code></pre></figure>`
}

/** Without handlers of their own: code-tools.ts listens for the whole page. */
function buttons(): string {
  const { wrapCode, saveCode } = t.thread
  const wrap = `<button type="button" class="quiet" data-wrap-code aria-pressed="${isCodeWrapped()}">${escapeHtml(wrapCode)}</button>`
  const save = `<button type="button" class="quiet" data-save-code>${escapeHtml(saveCode)}</button>`
  return `${wrap}${save}<button type="button" class="quiet" data-copy-code>${escapeHtml(t.common.copy)}</button>`
}
