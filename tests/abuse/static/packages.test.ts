import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"

const ROOT = fileURLToPath(new URL("../../../", import.meta.url))
const read = (file: string) => readFileSync(`${ROOT}${file}`, "utf8")

interface Locked {
  version: string
  resolved?: string
  integrity?: string
  license?: string
  dev?: boolean
}

const lock = JSON.parse(read("package-lock.json")).packages as Record<string, Locked>
const packages = Object.entries(lock)
  .filter(([path]) => path !== "")
  .map(([path, locked]) => ({ name: path.replace(/^.*node_modules\//, ""), ...locked }))

/** They ask for a notice and nothing more; docs/DEPENDENCIES.md says the same to people. */
const ALLOWED = new Set([
  "MIT",
  "ISC",
  "0BSD",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "Unlicense",
  "Python-2.0",
])

/** Others, each with the reason why it may be there. `dev`: only where it doesn't reach a server. */
const EXCEPTIONS: { license: string; name: RegExp; dev: boolean; why: string }[] = [
  {
    license: "MPL-2.0",
    name: /^lightningcss(?:-[a-z0-9-]+)?$/,
    dev: true,
    why: "part of Vite, under Vitest; copyleft by file, unchanged, and never shipped",
  },
  {
    license: "MPL-2.0",
    name: /^axe-core$/,
    dev: true,
    why: "used by tests alone; copyleft by file, unchanged, and never shipped",
  },
  {
    license: "none",
    name: /^(?:httpntlm|stack-trace)$/,
    dev: true,
    why: "under newman; both say MIT, one in a field that npm no longer reads, one in its License file alone",
  },
  {
    license: "WTFPL",
    name: /^stream-length$/,
    dev: true,
    why: "under newman; allows everything, which some lawyers find too little said",
  },
]

/** `(A OR B)` is fine when one of them is, `A AND B` when all are. */
function isAllowed(license: string): boolean {
  const plain = license.replace(/^\(|\)$/g, "")
  if (plain.includes(" OR ")) return plain.split(" OR ").some(isAllowed)
  return plain.split(" AND ").every((each) => ALLOWED.has(each))
}

const isException = ({ name, license = "none", dev = false }: (typeof packages)[number]) =>
  EXCEPTIONS.some(
    (exception) => exception.license === license && exception.name.test(name) && (dev || !exception.dev),
  )

describe("the packages in the lockfile", () => {
  test("are there", () => expect(packages.length).toBeGreaterThan(100))

  test("have licences that were decided on", () => {
    const others = packages.filter((each) => !isAllowed(each.license ?? "none") && !isException(each))
    expect(others.map(({ name, license }) => `${name}: ${license ?? "none"}`)).toEqual([])
  })

  test.each(EXCEPTIONS)("need the exception for $license: $why", ({ license, name }) => {
    expect(packages.some((each) => (each.license ?? "none") === license && name.test(each.name))).toBe(true)
  })

  test.each([
    ["MIT", true],
    ["(MIT OR CC0-1.0)", true],
    ["MIT OR GPL-3.0", true],
    ["MIT AND GPL-3.0", false],
    ["GPL-3.0-or-later", false],
    ["AGPL-3.0", false],
    ["SSPL-1.0", false],
    ["UNLICENSED", false],
    ["SEE LICENSE IN LICENSE", false],
    ["none", false],
  ])("of the licence %s: %s", (license, allowed) => expect(isAllowed(license)).toBe(allowed))

  test("are each pinned by a hash and come from npm's registry", () => {
    const loose = packages.filter(
      ({ integrity, resolved }) =>
        !/^sha512-/.test(integrity ?? "") ||
        (resolved && !resolved.startsWith("https://registry.npmjs.org/")),
    )
    expect(loose.map(({ name }) => name)).toEqual([])
  })

  test("run no script when they are installed, and are asked for by exact versions", () => {
    expect(read(".npmrc")).toMatch(/^ignore-scripts=true$/m)
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read("package.json"))
    const versions = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version as string))).toEqual(
      [],
    )
  })

  test("that we ask for are explained", () => {
    const explained = read("docs/DEPENDENCIES.md")
    const { dependencies, devDependencies } = JSON.parse(read("package.json"))
    const names = Object.keys({ ...dependencies, ...devDependencies }).filter(
      (name) => !name.startsWith("@types/"),
    )
    expect(names.filter((name) => !explained.includes(`\`${name}\``))).toEqual([])
  })
})

describe("npm run sbom", () => {
  const sbom = (...args: string[]) =>
    spawnSync("npm", ["run", "--silent", "sbom", "--", ...args], {
      cwd: ROOT,
      shell: process.platform === "win32",
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
      // No network, whatever npm would like.
      env: { ...process.env, npm_config_offline: "true", npm_config_registry: "http://127.0.0.1:1" },
    })
  interface Component {
    name: string
    group?: string
    version: string
    purl: string
    licenses?: unknown[]
    hashes?: unknown[]
  }
  const nameOf = ({ group, name }: Component) => (group && !name.startsWith("@") ? `${group}/${name}` : name)

  test("lists every package of the lockfile, with its licence and its hash, as CycloneDX", () => {
    const { stdout, status } = sbom()
    expect(status).toBe(0)
    const bom = JSON.parse(stdout)
    expect(bom).toMatchObject({ bomFormat: "CycloneDX", specVersion: expect.stringMatching(/^1\.[5-9]/) })
    expect(bom.metadata.component).toMatchObject({
      type: "application",
      purl: expect.stringMatching(/^pkg:npm\/gemini-chat-backend@/),
    })
    const listed = new Set(bom.components.map((each: Component) => `${nameOf(each)}@${each.version}`))
    expect(
      packages.map(({ name, version }) => `${name}@${version}`).filter((each) => !listed.has(each)),
    ).toEqual([])
    for (const { name, purl, licenses, hashes } of bom.components as Component[]) {
      expect([name, purl]).toEqual([name, expect.stringMatching(/^pkg:npm\//)])
      expect([name, hashes?.length]).toEqual([name, 1])
      const isBare = EXCEPTIONS.some((each) => each.license === "none" && each.name.test(name))
      expect([name, licenses?.length]).toEqual([name, isBare ? undefined : 1])
    }
  })

  test("leaves out development's on demand", () => {
    const names = JSON.parse(sbom("--omit", "dev").stdout).components.map(nameOf)
    expect(names).toContain("express")
    expect(names).not.toContain("vitest")
  })
})
