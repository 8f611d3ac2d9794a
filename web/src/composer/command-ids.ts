/** The list of the menu, and its entries, as the field names them to screen readers. */
export const COMMANDS_ID = "commands"
export const optionId = (index: number) => `${COMMANDS_ID}-${index}`
