const names = new Map<string, string>()

/** Remembers how a file is called that has arrived, for as long as the page is open. */
export const noteName = (id: string, name: string) => void names.set(id, name)

export const nameOf = (id: string) => names.get(id)
