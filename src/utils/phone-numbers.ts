import { createRequire } from "node:module"

const require = createRequire(import.meta.url)

/**
 * Loaded when it is first used: a worker reads no numbers, and no regions but the default one in the usual settings. As
 * CommonJS that takes half the time of 93 modules.
 */
export const phoneNumbers = () => require("libphonenumber-js/max") as typeof import("libphonenumber-js/max")
