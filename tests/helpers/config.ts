import { ConfigInvalid, readConfig } from "../../src/config/env.ts"

/** Lists what is wrong with a process's environment. */
export function configFaults(variables: Record<string, string>): string[] {
  try {
    readConfig(variables)
    return []
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.faults
    throw error
  }
}
