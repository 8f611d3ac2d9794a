import { Component } from "preact"
import { useId, useMemo } from "preact/hooks"
import type { Citations } from "./markdown/cites.ts"
import type { Block, Group } from "./markdown/groups.ts"
import { highlighter } from "./markdown/highlight.ts"
import { createMarkdown } from "./markdown/markdown.ts"
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
  // What was rendered before the colours and formulas came is rendered again, where there may be some.
  const colours = /```|~~~/.test(text) ? highlighter.value : highlighter.peek()
  const formulas = /\$|\\[([]/.test(text) ? typesetter.value : typesetter.peek()
  const render = useMemo(() => createMarkdown(id), [id, colours, formulas])
  const groups = useMemo(() => render(text, { isGrowing, citations }), [render, text, isGrowing, citations])
  return (
    <div class="prose">
      {groups.map((group, index) => (
        <GroupView key={index} group={group} />
      ))}
    </div>
  )
}

/** Blocks that are looked at again only when one of them has changed. */
class GroupView extends Component<{ group: Group }> {
  override shouldComponentUpdate({ group }: { group: Group }) {
    return group !== this.props.group
  }

  override render({ group }: { group: Group }) {
    return (
      <div class="blocks">
        {group.map((block, index) => (
          <BlockView key={index} block={block} />
        ))}
      </div>
    )
  }
}

/** Its direction is that of its first letter. */
function BlockView({ block: { html } }: { block: Block }) {
  return <div class="block" dir="auto" dangerouslySetInnerHTML={{ __html: html }} />
}
