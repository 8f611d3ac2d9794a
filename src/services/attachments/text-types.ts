/** Types of text by the ending of a name; what isn't here is plain. They are all served as plain text. */
const BY_ENDING: Record<string, string> = {
  md: "text/markdown",
  markdown: "text/markdown",
  csv: "text/csv",
  json: "application/json",
  js: "text/javascript",
  mjs: "text/javascript",
  ts: "text/x-typescript",
  tsx: "text/x-typescript",
  jsx: "text/javascript",
  py: "text/x-python",
  java: "text/x-java",
  c: "text/x-c",
  h: "text/x-c",
  cpp: "text/x-c++",
  hpp: "text/x-c++",
  cs: "text/x-csharp",
  go: "text/x-go",
  rs: "text/x-rust",
  rb: "text/x-ruby",
  php: "text/x-php",
  sh: "text/x-sh",
  sql: "text/x-sql",
  kt: "text/x-kotlin",
  swift: "text/x-swift",
  yaml: "text/x-yaml",
  yml: "text/x-yaml",
  toml: "text/x-toml",
}

/** Returns the type of a text by its name. */
export function textTypeOf(name: string): string {
  const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase()
  return Object.hasOwn(BY_ENDING, ending) ? (BY_ENDING[ending] as string) : "text/plain"
}
