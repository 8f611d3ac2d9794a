/** Cuts a stream of bytes into pieces of `size`, the last of which may be shorter. Holds one piece. */
export async function* inPieces(chunks: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  let held: Buffer[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; ) {
      const part = chunk.subarray(start, start + size - bytes)
      held.push(part)
      bytes += part.length
      start += part.length
      if (bytes < size) continue
      yield Buffer.concat(held, bytes)
      held = []
      bytes = 0
    }
  }
  if (bytes > 0) yield Buffer.concat(held, bytes)
}
