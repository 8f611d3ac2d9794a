/** Names that aren't the end of a file's name already. */
const ENDS: Record<string, string> = {
  bash: "sh",
  "c#": "cs",
  "c++": "cpp",
  clojure: "clj",
  csharp: "cs",
  elixir: "ex",
  erlang: "erl",
  fsharp: "fs",
  golang: "go",
  haskell: "hs",
  javascript: "js",
  julia: "jl",
  kotlin: "kt",
  latex: "tex",
  markdown: "md",
  matlab: "m",
  "objective-c": "m",
  objectivec: "m",
  ocaml: "ml",
  perl: "pl",
  plaintext: "txt",
  powershell: "ps1",
  protobuf: "proto",
  python: "py",
  ruby: "rb",
  rust: "rs",
  shell: "sh",
  text: "txt",
  typescript: "ts",
  "vb.net": "vb",
  yml: "yaml",
  zsh: "sh",
}

/** Files that have a name instead of an end. */
const WHOLE: Record<string, string> = { dockerfile: "Dockerfile", makefile: "Makefile", make: "Makefile" }

/** The name of a file with code of a language, as the fence of a block of code says it: `code.ts`. */
export function codeFileName(language: string): string {
  const name = language.toLowerCase()
  const whole = Object.hasOwn(WHOLE, name) ? WHOLE[name] : undefined
  if (whole) return whole
  const end = Object.hasOwn(ENDS, name) ? ENDS[name] : name
  return `code.${end && /^[a-z0-9]{1,12}$/.test(end) ? end : "txt"}`
}
