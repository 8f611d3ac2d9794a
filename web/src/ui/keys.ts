/** Whether a key belongs to an input method, where Enter chooses a word. Safari says 229 after it has ended. */
export const isComposing = (event: KeyboardEvent) => event.isComposing || event.keyCode === 229

/** On a phone Enter makes a new line, as everywhere there, and the keyboard comes when it is asked for. */
export const isTouched = () => matchMedia("(pointer: coarse)").matches
