import { completed, event, failed, type ProviderAnswer, sse } from "./provider-answer-kit.ts"
import { ERRORS } from "./provider-errors.ts"

const OK = sse(event("the second answer", { finish: "STOP" }))
const STOPPED = event("Hello world", { finish: "STOP" })
const CANCELLED = { code: 499, message: "The operation was cancelled.", status: "CANCELLED" }
const asEvent = (json: string) => `data: ${json}\r\n\r\n`

const WHOLE: ProviderAnswer[] = [
  { name: "STOP, then [DONE]", calls: [sse(STOPPED, "data: [DONE]\r\n\r\n")] },
  { name: "STOP, then [DONE] without a blank line", calls: [sse(STOPPED, "data: [DONE]")] },
  { name: "STOP, then the connection is held open", calls: [{ body: STOPPED, ending: "stall" as const }] },
  { name: "STOP, then the connection is cut", calls: [{ body: STOPPED, ending: "cut" as const }] },
  {
    name: "STOP, [DONE], then held open",
    calls: [{ body: `${STOPPED}data: [DONE]\n\n`, ending: "stall" as const }],
  },
  {
    name: "STOP on two chunks, then held open",
    calls: [
      {
        body: event("Hello ", { finish: "STOP" }) + event("world", { finish: "STOP" }),
        ending: "stall" as const,
      },
    ],
  },
  {
    name: "STOP on two chunks, [DONE], then cut",
    calls: [
      {
        body: `${event("Hello ", { finish: "STOP" })}${event("world", { finish: "STOP" })}data: [DONE]\n\n`,
        ending: "cut" as const,
      },
    ],
  },
  {
    name: "comments and event fields",
    calls: [sse(": hi\n\n", `event: message\nid: 1\n${STOPPED}`, ": bye\n\n")],
  },
].map((answer) => ({ ...answer, expected: completed("Hello world", { withinMs: 5_000 }) }))

const CUT: ProviderAnswer[] = [
  {
    name: "STOP on two chunks, then cut",
    calls: [
      {
        body: event("First ", { finish: "STOP" }) + event("Second ", { finish: "STOP" }),
        ending: "cut" as const,
      },
    ],
  },
  {
    name: "STOP, then more text, then cut",
    calls: [{ body: event("First ", { finish: "STOP" }) + event("Second "), ending: "cut" as const }],
  },
  {
    name: "STOP, then half an event, then held open",
    calls: [{ body: `${STOPPED}data: {"candidates":[{"con`, ending: "stall" as const }],
  },
  {
    name: "a bare error after STOP chunks, blank line after it",
    calls: [
      sse(
        event("First ", { finish: "STOP" }),
        event("Second ", { finish: "STOP" }),
        `${JSON.stringify({ error: CANCELLED })}\n\n`,
      ),
    ],
  },
  {
    name: "a bare error after STOP, no blank line, held open",
    calls: [{ body: STOPPED + JSON.stringify({ error: CANCELLED }, null, 2), ending: "stall" as const }],
  },
  {
    name: "an error event after STOP",
    calls: [sse(STOPPED, asEvent(JSON.stringify({ error: CANCELLED })))],
  },
].map((answer) => ({ ...answer, expected: failed("interrupted", { calls: 3 }) }))

const MISHAPS: ProviderAnswer[] = [
  "MALFORMED_RESPONSE",
  "MALFORMED_FUNCTION_CALL",
  "UNEXPECTED_TOOL_CALL",
  "TOO_MANY_TOOL_CALLS",
  "OTHER",
].map((finish) => ({
  name: `${finish}, cured by asking again`,
  calls: [sse(event("half", { finish })), OK],
  expected: completed("the second answer", { calls: 2 }),
}))

const FINISHED: ProviderAnswer[] = [
  ...MISHAPS,
  {
    name: "OTHER, always",
    calls: [sse(event(null, { finish: "OTHER" }))],
    expected: failed("interrupted", { calls: 3, never: /rephrase/ }),
  },
  ...["MODEL_ARMOR", "IMAGE_PROHIBITED_CONTENT", "SPII"].map((finish) => ({
    name: `${finish} is a block`,
    calls: [sse(event(null, { finish, finishMessage: `floor setting of ${finish}` }))],
    expected: failed("blocked", { logged: `floor setting of ${finish}` }),
  })),
  {
    name: "LANGUAGE",
    calls: [sse(event(null, { finish: "LANGUAGE" }))],
    expected: failed("blocked", { message: /language/, never: /safety/ }),
  },
  {
    name: "MAX_TOKENS with text",
    calls: [sse(event("as far as it"), event(" went", { finish: "MAX_TOKENS" }))],
    expected: completed("as far as it went", { finishReason: "MAX_TOKENS" }),
  },
  {
    name: "MAX_TOKENS, all spent on thoughts",
    calls: [
      sse(event(null, { finish: "MAX_TOKENS", usage: { thoughtsTokenCount: 900, totalTokenCount: 910 } })),
    ],
    expected: failed("truncated", { message: /thinking/, usage: { thoughtTokens: 900, outputTokens: 0 } }),
  },
]

const TEXTS: ProviderAnswer[] = [
  ...["\u0000", "\ud83d", " \n\n ", "\u200b\ufeff"].map((text) => ({
    name: `nothing but ${JSON.stringify(text)}`,
    calls: [sse(event(text, { finish: "STOP" }))],
    expected: failed("empty", { calls: 3 }),
  })),
  {
    name: "lone surrogates between chunks",
    calls: [
      sse(
        event("a\udc00b"),
        event("\ud83dc"),
        event("\ud83d"),
        event("\ude00"),
        event("z\ud83d", { finish: "STOP" }),
      ),
    ],
    expected: completed("a\ufffdb\ufffdc😀z\ufffd"),
  },
]

const counted = (usage: object, expected: object): ProviderAnswer => ({
  name: `token counts ${JSON.stringify(usage)}`,
  calls: [sse(event("counted", { finish: "STOP", usage: { totalTokenCount: 20, ...usage } }))],
  expected: completed("counted", { usage: { totalTokens: 20, ...expected }, logged: "promptTokenCount" }),
})

/** Of the text "Ünï 😀 found on the web", whose second sentence begins at byte 11. */
const GROUNDING = {
  groundingChunks: [
    { web: { uri: "https://a.example/", title: "a" } },
    { web: { uri: "javascript:alert(1)", title: "b" } },
  ],
  groundingSupports: [
    { segment: { startIndex: 11, endIndex: 27, text: "found on the web" }, groundingChunkIndices: [0, 1, 9] },
  ],
  webSearchQueries: ["what\u0000 is", "what is", 7],
  searchEntryPoint: { renderedContent: "<script>alert(1)</script>" },
}
const FOUND = [
  { uri: "https://a.example/", title: "a", license: null, start: 7, end: 23 },
  { uri: null, title: "b", license: null, start: 7, end: 23 },
]

const SOURCES: ProviderAnswer[] = [
  {
    name: "groundingMetadata, empty at first and then repeated",
    calls: [
      sse(
        event("Ünï 😀 ", { groundingMetadata: {} }),
        event("found on the web", { groundingMetadata: GROUNDING }),
        event(null, {
          finish: "STOP",
          groundingMetadata: GROUNDING,
          usage: { toolUsePromptTokenCount: 102, totalTokenCount: 150 },
        }),
      ),
    ],
    expected: completed("Ünï 😀 found on the web", {
      citations: FOUND,
      searchQueries: ["what is"],
      usage: { toolTokens: 102, totalTokens: 150 },
    }),
  },
  {
    name: "groundingMetadata that is none",
    calls: [
      sse(
        event("plain", {
          finish: "STOP",
          groundingMetadata: { groundingChunks: "?", groundingSupports: [null, 3] },
        }),
      ),
    ],
    expected: completed("plain", { citations: [], searchQueries: [] }),
  },
  {
    name: "urlContextMetadata",
    calls: [
      sse(
        event("read", {
          finish: "STOP",
          urlContextMetadata: {
            urlMetadata: [
              { retrievedUrl: "https://a.example/", urlRetrievalStatus: "URL_RETRIEVAL_STATUS_SUCCESS" },
              { retrievedUrl: "https://b.example/", urlRetrievalStatus: "URL_RETRIEVAL_STATUS_PAYWALL" },
            ],
          },
        }),
      ),
    ],
    expected: completed("read", {
      citations: [{ uri: "https://a.example/", title: null, license: null, start: 0, end: 0 }],
    }),
  },
  {
    name: "a search, and then a block",
    calls: [sse(event(null, { finish: "SAFETY", groundingMetadata: GROUNDING }))],
    expected: failed("blocked", { searchQueries: ["what is"] }),
  },
]

const METADATA: ProviderAnswer[] = [
  counted({ promptTokenCount: 3_000_000_000 }, { promptTokens: 2 ** 31 - 1 }),
  counted({ promptTokenCount: "12" }, { promptTokens: 12 }),
  counted({ promptTokenCount: 1.5 }, { promptTokens: 0 }),
  counted({ promptTokenCount: -1 }, { promptTokens: 0 }),
  {
    name: "the last chunk's usage lacks candidatesTokenCount",
    calls: [
      sse(
        event("one ", { usage: { promptTokenCount: 5, candidatesTokenCount: 3, totalTokenCount: 8 } }),
        event("two", {
          finish: "STOP",
          usage: { promptTokenCount: 5, cachedContentTokenCount: 4, totalTokenCount: 12 },
        }),
      ),
    ],
    expected: completed("one two", {
      usage: { promptTokens: 5, cachedTokens: 4, outputTokens: 3, thoughtTokens: 0, totalTokens: 12 },
    }),
  },
  {
    name: "citationMetadata without any tool, its indexes in bytes",
    calls: [
      sse(
        event("Ünï 😀 "),
        event("quoted\u0000 text", {
          finish: "STOP",
          citationMetadata: {
            citationSources: [
              { startIndex: 6, endIndex: 10, uri: "https://a.example/\u0000\ud83d", license: "mit" },
              { startIndex: 11, endIndex: 900, uri: "https://b.example/" },
              { startIndex: 7, endIndex: 9, license: "in the middle of a character" },
              { startIndex: 3 },
            ],
          },
        }),
      ),
    ],
    expected: completed("Ünï 😀 quoted text", {
      citations: [
        { uri: "https://a.example/\ufffd", title: null, license: "mit", start: 4, end: 6 },
        { uri: "https://b.example/", title: null, license: null, start: 7, end: 18 },
      ],
    }),
  },
]

export const ANSWERS: ProviderAnswer[] = [
  ...WHOLE,
  ...CUT,
  ...FINISHED,
  ...TEXTS,
  ...ERRORS,
  ...SOURCES,
  ...METADATA,
]
