import { useId, useMemo } from "preact/hooks"
import type { Citations } from "./markdown/cites.ts"
import { highlighter } from "./markdown/highlight.ts"
import { type Block, createMarkdown } from "./markdown/markdown.ts"
import { typesetter } from "./markdown/math.ts"

/** Markdown as it grows, block by block: what is done isn't touched again. */
export function Text({
  text,
  isGrowing,
  citations,
}: {
  text: string
  isGrowing: boolean
  citations?: Citations
}) {
  const id = useId()
  // What was rendered before the colours and formulas came is rendered again.
  const render = useMemo(() => createMarkdown(id), [id, highlighter.value, typesetter.value])
  const blocks = useMemo(() => render(text, { isGrowing, citations }), [render, text, isGrowing, citations])
  return (
    <div class="prose">
      {blocks.map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
    </div>
  )
}

/** Its direction is that of its first letter. */
function BlockView({ block: { html } }: { block: Block }) {
  return <div class="block" dir="auto" dangerouslySetInnerHTML={{ __html: html }} />
}
