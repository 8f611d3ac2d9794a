type Close = (text: string) => string

let loaded: Close | null = null
let isLoading = false

/** Closes the marks that a growing text has opened; until what does that is loaded, it stays as it is. */
export const closeMarks: Close = (text) => {
  prepareToGrow()
  return loaded?.(text) ?? text
}

/** Loads what a growing text needs: a conversation that is read has none. */
export function prepareToGrow(): void {
  if (!loaded && !isLoading) void load()
}

async function load(): Promise<void> {
  isLoading = true
  try {
    const { default: remend } = await import("remend")
    loaded = (text) => remend(text, { katex: false, images: false })
  } catch {
    // Without a network marks stay open until their end comes.
  } finally {
    isLoading = false
  }
}
