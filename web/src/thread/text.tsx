import { useMemo } from "preact/hooks"
import { t } from "../i18n/index.ts"
import { copy } from "../ui/copy.ts"
import { highlighter } from "./highlight.ts"
import { type Block, createMarkdown } from "./markdown.ts"

/** Markdown as it grows, block by block: what is done isn't touched again. */
export function Text({ text, isGrowing }: { text: string; isGrowing: boolean }) {
  const coloured = highlighter.value
  // What was rendered before the colours came is rendered again.
  const render = useMemo(createMarkdown, [coloured])
  const blocks = useMemo(() => render(text, { isGrowing }), [render, text, isGrowing])
  return (
    <div class="prose">
      {blocks.map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
    </div>
  )
}

function BlockView({ block: { html } }: { block: Block }) {
  return <div class="block" dangerouslySetInnerHTML={{ __html: html }} />
}

/** For the whole page: the buttons in texts are HTML, without handlers of their own. */
export async function onCopyCode({ target }: MouseEvent): Promise<void> {
  const button = (target as Element).closest?.("[data-copy-code]")
  const code = button?.closest("figure")?.querySelector("code")
  if (!button || !code || !(await copy(code.textContent))) return
  button.textContent = t.common.copied
  button.addEventListener("blur", () => (button.textContent = t.common.copy), { once: true })
}
