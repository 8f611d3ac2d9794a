import { execFileSync, spawnSync } from "node:child_process"
import { chmodSync, chownSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { chooseAccount } from "../../src/embedded/postgres/account.ts"
import { freePort } from "../../tools/lib/redis-server.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { openEmbeddedPostgres, startProcess, testStack } from "./kit.ts"

const HAS_OPENSSL = spawnSync("openssl", ["version"]).status === 0

test.skipIf(!HAS_OPENSSL)(
  "a database whose certificate is of a CA of its own, as in Amazon RDS, is reached where the CA is named",
  async () => {
    const stack = testStack()
    const folder = await openFolder(stack)
    const ca = makeCertificates(folder)
    const settings = {
      ssl: "on",
      ssl_cert_file: join(folder, "server.pem"),
      ssl_key_file: join(folder, "server.key"),
    }
    const postgres = await openEmbeddedPostgres(stack, await openFolder(stack), settings)
    const url = `${postgres.url}?sslmode=verify-full`
    const migrate = async (env: Record<string, string>) => {
      const child = await startProcess(stack, { entry: "src/cli/migrate.ts", env })
      return { ...(await child.ended), output: child.output() }
    }
    const unknown = await migrate({ DATABASE_URL: url })
    expect(unknown).toMatchObject({ code: 1, output: expect.stringContaining("certificate") })
    expect(await migrate({ DATABASE_URL: `${url}&sslrootcert=${ca}` })).toMatchObject({ code: 0 })
    const PORT = String(await freePort())
    const server = await startProcess(stack, {
      entry: "src/server.ts",
      env: { DATABASE_URL: url, NODE_EXTRA_CA_CERTS: ca, PORT },
    })
    await server.answers(`http://127.0.0.1:${PORT}/health/ready`)
  },
)

/** Makes a CA, and with it a certificate for 127.0.0.1. @returns the CA's file */
function makeCertificates(folder: string): string {
  const make = (name: string, ...more: string[]) => {
    const files = ["-keyout", join(folder, `${name}.key`), "-out", join(folder, `${name}.pem`)]
    const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`]
    execFileSync("openssl", [...args, ...files, ...more], { stdio: "pipe" })
  }
  const [ca, key] = [join(folder, "ca.pem"), join(folder, "server.key")]
  make("ca")
  const extensions = ["subjectAltName=IP:127.0.0.1", "basicConstraints=critical,CA:FALSE"]
  const signed = ["-CA", ca, "-CAkey", join(folder, "ca.key")]
  make("server", ...signed, ...extensions.flatMap((extension) => ["-addext", extension]))
  // PostgreSQL reads a key of its own account's only, which isn't root.
  const account = chooseAccount(join(folder, "cluster"))
  if (account) chownSync(key, account.uid, account.gid)
  chmodSync(key, 0o600)
  chmodSync(folder, 0o755)
  return ca
}
