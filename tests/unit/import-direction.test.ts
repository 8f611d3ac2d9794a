import { spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"

const ROOT = fileURLToPath(new URL("../../", import.meta.url))
const BIOME = join(ROOT, "node_modules/@biomejs/biome/bin/biome")

// The table in docs/ARCHITECTURE.md, folder by folder.
const REFUSED = [
  ["src/zz.ts", "../simulators/gemini/server.ts"],
  ["src/boot/zz.ts", "../../simulators/gemini/server.ts"],
  ["src/cli/zz.ts", "../../tools/lib/child.ts"],
  ["src/utils/zz.ts", "../boot/context.ts"],
  ["src/utils/zz.ts", "../config/env.ts"],
  ["src/config/zz.ts", "../boot/serve.ts"],
  ["src/config/zz.ts", "../schemas/chat.ts"],
  ["src/models/zz.ts", "../services/replies/accept/send-message.ts"],
  ["src/models/migrations/zz.ts", "../../services/chat/send-message.ts"],
  ["src/services/context.ts", "../embedded/index.ts"],
  ["src/services/zz.ts", "../../simulators/gemini/server.ts"],
  ["src/services/chat/zz.ts", "../../../simulators/gemini/server.ts"],
  ["src/services/chat/zz.ts", "../../boot/context.ts"],
  ["src/services/chat/zz.ts", "../replies/accept/send-message.ts"],
  ["src/services/chat/zz.ts", "../billing/stripe.ts"],
  ["src/services/users/zz.ts", "../auth/principal.ts"],
  ["src/services/auth/zz.ts", "../chat/create-chatroom.ts"],
  ["src/services/platform/zz.ts", "../account/erase-users.ts"],
  ["src/services/replies/worker/zz.ts", "../../../boot/context.ts"],
  ["src/services/replies/worker/zz.ts", "../../../schemas/chat.ts"],
  ["src/services/chat/zz.ts", "../../schemas/chat.ts"],
  ["src/services/chat/zz.ts", "../../boot/watchdog/index.ts"],
  ["src/schemas/zz.ts", "../config/limits.ts"],
  ["src/controllers/zz.ts", "../config/env.ts"],
  ["src/controllers/presenters/zz.ts", "../../models/user.ts"],
  ["src/middleware/zz.ts", "../services/admin/audit.ts"],
  ["src/middleware/zz.ts", "../services/billing/stripe.ts"],
  ["src/middleware/zz.ts", "../services/chat/send-message.ts"],
  ["src/middleware/zz.ts", "../schemas/problem.ts"],
  ["src/routes/zz.ts", "../boot/serve.ts"],
  ["src/routes/zz.ts", "../models/user.ts"],
  ["src/routes/openapi/zz.ts", "../../embedded/index.ts"],
  ["src/embedded/zz.ts", "../services/chat/send-message.ts"],
  ["src/embedded/zz.ts", "../../simulators/gemini/server.ts"],
  ["src/embedded/postgres/zz.ts", "../../models/migrate.ts"],
  ["src/boot/watchdog/zz.ts", "../../services/platform/events.ts"],
  ["src/pages/docs/zz.js", "zod"],
  ["simulators/stripe/model/zz.ts", "../../../src/utils/time.ts"],
  ["simulators/stripe/model/zz.ts", "../../../tests/helpers/http.ts"],
  ["packages/client/src/zz.ts", "../../../src/schemas/chat.ts"],
  ["tools/bench/zz.ts", "../../tests/helpers/http.ts"],
  ["tools/lib/zz.ts", "../../tests/helpers/http.ts"],
  ["tools/lib/zz.ts", "../fuzz/fuzz.ts"],
  ["tests/chat/zz.test.ts", "../../tools/bench/helpers/load.ts"],
  ["tests/chat/zz.test.ts", "../../tools/scripts/test.ts"],
  ["web/src/thread/zz.ts", "../../../src/schemas/chat.ts"],
  ["web/src/thread/zz.ts", "../../../simulators/gemini/server.ts"],
  ["bin/zz.mjs", "zod"],
  ["bin/zz.mjs", "../src/utils/time.ts"],
] as const

const TAKEN = [
  ["src/services/chat/zz.ts", "../context.ts"],
  ["src/services/chat/zz.ts", "../../models/user.ts"],
  ["src/services/replies/accept/zz.ts", "../../chat/chatroom-cache.ts"],
  ["src/services/replies/worker/zz.ts", "../accept/reply-queue.ts"],
  ["src/services/replies/worker/zz.ts", "../../../models/user.ts"],
  ["src/boot/zz.ts", "../services/context.ts"],
  ["src/middleware/zz.ts", "../services/auth/authenticate-admin.ts"],
  ["src/embedded/zz.ts", "../config/env.ts"],
  ["src/routes/openapi/zz.ts", "../endpoint.ts"],
  ["tools/bench/zz.ts", "../lib/child.ts"],
  ["tools/lib/zz.ts", "../../src/utils/time.ts"],
  ["tests/chat/zz.test.ts", "../../tools/lib/http.ts"],
  ["tests/chat/zz.test.ts", "../../tools/contract/breaking.ts"],
  ["web/src/api/zz.ts", "../../../packages/client/src/index.ts"],
  ["web/src/thread/zz.ts", "../api/client.ts"],
  ["bin/zz.mjs", "node:timers/promises"],
] as const

let folder = ""
let found = ""

/** A tree of nothing but the imports in question, under the rules of this one. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "imports-"))
  copyFileSync(join(ROOT, "biome.json"), join(folder, "biome.json"))
  for (const [path, imported] of [...REFUSED, ...TAKEN]) {
    const file = join(folder, nameOf(path, imported))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `import "${imported}"\n`)
  }
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [BIOME, "lint", "--vcs-enabled=false", "--only=style/noRestrictedImports", "--max-diagnostics=none", "."],
    { cwd: folder, encoding: "utf8" },
  )
  found = `${stdout}${stderr}`
  if (status !== 1 || found.includes("configuration ━")) throw new Error(found)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** One file for each import. */
function nameOf(path: string, imported: string): string {
  return path.replace("zz", imported.replaceAll("../", "up-").replace(/\W+/g, "-"))
}

function isRefused(path: string, imported: string): boolean {
  return found.includes(`${nameOf(path, imported)}:1:`)
}

describe("the linter refuses", () => {
  test.each(REFUSED)("%s importing %s", (path, imported) => expect(isRefused(path, imported)).toBe(true))
})

describe("the linter takes", () => {
  test.each(TAKEN)("%s importing %s", (path, imported) => expect(isRefused(path, imported)).toBe(false))
})
