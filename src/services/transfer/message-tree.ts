import { Refused } from "./problems.ts"

/** A node of a tree that names its parent, and perhaps its children in their order. */
export interface TreeNode {
  parent: string | null
  children: readonly string[]
}

/**
 * Returns the ids of a tree's nodes, each after its parent, children in their order, without a recursion: a branch may be
 * as long as the tree.
 * @param path of the nodes, for what is wrong with one
 * @throws {Refused} for what isn't a tree
 */
export function inTreeOrder(nodes: ReadonlyMap<string, TreeNode>, path: readonly PropertyKey[]): string[] {
  const children = childrenOf(nodes, path)
  const order: string[] = []
  const stack = (children.get(null) ?? []).toReversed()
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    order.push(id)
    for (const child of (children.get(id) ?? []).toReversed()) stack.push(child)
  }
  // Everything has one parent, so what no root leads to goes in a circle.
  if (order.length < nodes.size) throw new Refused("cycle", path)
  return order
}

/** The parents decide who follows whom; the lists of children only in which order. */
function childrenOf(nodes: ReadonlyMap<string, TreeNode>, path: readonly PropertyKey[]) {
  const children = new Map<string | null, string[]>()
  const add = (parent: string | null, id: string) => {
    const known = children.get(parent)
    if (known) known.push(id)
    else children.set(parent, [id])
  }
  const listed = new Set<string>()
  for (const [id, node] of nodes) {
    for (const child of node.children) {
      if (nodes.get(child)?.parent !== id) throw new Refused("child_unknown", [...path, id])
      if (listed.has(child)) throw new Refused("duplicate_id", [...path, id])
      listed.add(child)
      add(id, child)
    }
  }
  for (const [id, { parent }] of nodes) {
    if (parent !== null && !nodes.has(parent)) throw new Refused("parent_unknown", [...path, id])
    if (!listed.has(id)) add(parent, id)
  }
  return children
}
