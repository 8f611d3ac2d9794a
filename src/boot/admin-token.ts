import { randomBytes } from "node:crypto"
import type { Config } from "../config/env.ts"

/**
 * Makes an admin token for this start where none is configured, so that `/admin` can be tried. Only outside production
 * and only at a terminal, which shows it on the start screen: output that isn't a terminal may be kept or collected.
 */
export function withAdminToken(config: Config, isTerminal = process.stdout.isTTY === true): Config {
  if (config.production || config.admin.token !== null || !isTerminal) return config
  return { ...config, admin: { token: randomBytes(16).toString("base64url"), isTemporary: true } }
}
