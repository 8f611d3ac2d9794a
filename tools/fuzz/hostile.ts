import fc from "fast-check"

const words = (text: string) => text.trim().split(/\s+/)

/** Texts that have broken other programs. */
export const hostileTexts = fc.oneof(
  fc.constantFrom(
    ...words(`$1 #{7*7} {{constructor}} %s%n%x ../../../etc/passwd <script>alert(1)</script>
      null undefined NaN -1 1e309 0x7fffffff __proto__ constructor toString
      00000000-0000-0000-0000-000000000000 ffffffff-ffff-ffff-ffff-ffffffffffff`),
    "",
    " ",
    "\u0000",
    "a\u0000b",
    "\ud800",
    "\udfff\ud800",
    "\u202Eevil",
    "\uFEFF",
    "é".normalize("NFD").repeat(50),
    "👩‍👩‍👧‍👦".repeat(100),
    "' OR 1=1 --",
    "'; DROP TABLE users; --",
    "\r\nSet-Cookie: a=b",
    "9".repeat(400),
    "[[gemini: blocked]]",
    "[[gemini: cut after=1]]",
    "x".repeat(40_000),
    "\n".repeat(1_000),
  ),
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.array(fc.nat({ max: 0xffff }), { maxLength: 30 }).map((units) => String.fromCharCode(...units)),
)

/** What may stand in a path's place. */
export const hostileSegments = fc.oneof(
  fc.constantFrom(
    ...words(`% %zz %00 %E0%A4%A ..%2f..%2fetc%2fpasswd %2e%2e %2F %C0%AF ${"a".repeat(3_000)} 1;drop null 0 -1 *
      %F0%9F%98%80 00000000-0000-0000-0000-00000000000g`),
  ),
  hostileTexts.map((text) => encodeURIComponent(text.toWellFormed()).slice(0, 2_000) || "%20"),
  fc.uuid(),
)

export const hostileQueries = fc.oneof(
  fc.constantFrom(
    ...words(`limit[$gt]=1 limit[]=1&limit[]=2 limit=1&limit=2 limit=-1 limit=1e9 limit=%00 limit= limit
      cursor=%zz cursor=W10 cursor=bnVsbA cursor=WyIwMDAwLTAxLTAxVDAwOjAwOjAwLjAwMFoiLCJ4Il0
      cursor[a][b][c][d][e][f][g]=1 cursor=${"A".repeat(4_000)}
      __proto__[isAdmin]=1 constructor[prototype][a]=1 ${"a=1&".repeat(1_500)} ?&=&&==%`),
  ),
  fc
    .array(fc.tuple(hostileTexts, hostileTexts), { maxLength: 4 })
    .map((pairs) => new URLSearchParams(pairs).toString().slice(0, 6_000)),
)

/** Header values are bytes: what can't stand in one is left out. */
export const toHeaderText = (text: string) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "").slice(0, 4_000)

const headerTexts = hostileTexts.map(toHeaderText)

const EVENT_IDS = "0-0 1-1 999999999-999999999 -1-0 1.1.1-1 999999999.0.0-0 0.0.999999999-9"

const oddHeaders: Record<string, fc.Arbitrary<string>> = {
  "content-type": fc.constantFrom(
    "text/plain",
    "application/json; charset=utf-16",
    "application/json; charset=x",
    "application/JSON",
    "application/problem+json",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
    ";",
  ),
  "content-encoding": fc.constantFrom("gzip", "br", "deflate", "identity", "x"),
  accept: fc.constantFrom("text/event-stream", "text/html", "*/*;q=0", "x"),
  prefer: fc.constantFrom(...words(`wait=0 wait=1 wait=x wait=-1 wait="1" respond-async`), "wait=1, wait=2"),
  "idempotency-key": fc.oneof(fc.constantFrom("k1", "k2", "k3"), headerTexts),
  "if-none-match": fc.oneof(fc.constantFrom("*", 'W/"x"', '"', ","), headerTexts),
  "last-event-id": fc.oneof(fc.constantFrom(...words(EVENT_IDS)), headerTexts),
  "x-request-id": headerTexts,
  "x-forwarded-for": fc.constantFrom("1.2.3.4", "::1", "::ffff:1.2.3.4", "x", "1.2.3.4, ".repeat(100)),
  "user-agent": headerTexts,
  origin: fc.constantFrom("null", "https://evil.example", "x"),
  range: fc.constantFrom("bytes=0-1", "bytes=-"),
  expect: fc.constantFrom("100-continue"),
  "accept-encoding": fc.constantFrom("gzip", "br;q=2", "x"),
  "x-http-method-override": fc.constantFrom("DELETE"),
  cookie: headerTexts,
}

export const hostileHeaders: fc.Arbitrary<Record<string, string>> = fc
  .subarray(Object.keys(oddHeaders), { maxLength: 3 })
  .chain((names) =>
    fc.record(Object.fromEntries(names.map((name) => [name, oddHeaders[name] as fc.Arbitrary<string>]))),
  )

export const nonsenseTokens = fc.oneof(
  fc.constantFrom(
    "Bearer",
    "Bearer ",
    "Bearer a b",
    "Basic YTpi",
    "Bearer eyJhbGciOiJub25lIn0.e30.",
    `Bearer ${"x".repeat(5_000)}`,
    "bearer null",
    "Digest username=x",
  ),
  headerTexts.map((text) => `Bearer ${text}`),
)
