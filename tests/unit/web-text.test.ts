import fc from "fast-check"
import { marked, type Token } from "marked"
import remend from "remend"
import { describe, expect, test } from "vitest"
import type { Source } from "../../web/src/thread/markdown/cite-mark.ts"
import { withCites } from "../../web/src/thread/markdown/cites.ts"
import { codeFileName } from "../../web/src/thread/markdown/code-file-name.ts"
import { closeHalfOpen } from "../../web/src/thread/markdown/half-open.ts"
import { toClasses } from "../../web/src/thread/markdown/math-classes.ts"
import { toPlainText } from "../../web/src/thread/markdown/plain-text.ts"
import { toTokens } from "../../web/src/thread/markdown/syntax.ts"

/** Every token of a text, those in others, too. */
function all(text: string, options?: { isGrowing: boolean }): Token[] {
  const found: Token[] = []
  marked.walkTokens(toTokens(text, options), (token) => void found.push(token))
  return found
}

const formulas = (text: string) =>
  all(text).flatMap((token) => (/^formula/.test(token.type) && "text" in token ? [token.text.trim()] : []))
const types = (text: string, options?: { isGrowing: boolean }) => all(text, options).map(({ type }) => type)

describe("formulas", () => {
  test.each([
    ["$x$, \\(y\\) and the $n$th", ["x", "y", "n"]],
    ["$$\na\n+ b\n$$", ["a\n+ b"]],
    ["text\n\\[\na = b\n\\]\nmore", ["a = b"]],
    ["in a line: $$x$$ and \\[ x^2 \\]", ["x", "x^2"]],
    ["$2x$ and $5 = 3 + 2$", ["2x", "5 = 3 + 2"]],
    ["**bold $a*b$ more**", ["a*b"]],
    ["- $a$\n- $$\n  b\n  $$", ["a", "b"]],
    ["| $a$ | b |\n| --- | --- |\n| c | $d$ |", ["a", "d"]],
  ])("%j has %j", (text, expected) => {
    expect(formulas(text)).toEqual(expected)
  })

  test.each([
    "$5 and $10",
    "$5-$10, US$5 or 5$",
    "$5 (or 5$)",
    "between $1.50 and $2.50/kg",
    "\\$x\\$",
    "`$x$` and $HOME/bin:$PATH",
    "```\n$x$\n```",
    "\\[1\\]",
    "$$ never closed",
  ])("%j has none", (text) => {
    expect(formulas(text)).toEqual([])
  })

  test("a formula that isn't whole yet is one while the text grows, so its letters are no marks", () => {
    for (const text of ["$$\na_1 + b_1 *c* ", "so \\(a_1 *b* ", "\\[ x_1 *y*"]) {
      expect(types(text, { isGrowing: true })).not.toContain("em")
      expect(closeHalfOpen(text, remend)).toBe(text)
    }
  })

  test("styles become classes, and colours those of the page", () => {
    expect(
      toClasses('<mtd class="tml-right" style="padding-left:0em;padding-right:0em;"><mi>x</mi></mtd>'),
    ).toBe('<mtd class="tml-right tml-pl0 tml-pr0"><mi>x</mi></mtd>')
    expect(toClasses('<mi style="color:#ff0000;">x</mi><mo style="color:#222222;">+</mo>')).toBe(
      '<mi class="tml-hue-red">x</mi><mo>+</mo>',
    )
  })
})

describe("footnotes", () => {
  test("a mark is one where there is a note, which goes on in indented lines", () => {
    const text = "a[^1] b[^2]\n\n[^1]: one\n  and more\n\n    a paragraph\n\nafter"
    const tokens = toTokens(text)
    expect(types(text).filter((type) => type === "noteMark")).toHaveLength(1)
    expect(tokens.find(({ type }) => type === "noteText")?.raw).toContain("a paragraph")
    expect(tokens.at(-1)?.raw).toBe("after")
  })
})

describe("marks of sources", () => {
  const uri = "https://example.com/1"
  /** The text with marks behind each of the parts. */
  const mark = (text: string, ...parts: string[]) => {
    const citations = parts.map((part, index) => {
      const start = text.indexOf(part)
      return { uri: `${uri}${index}`, title: null, license: null, start, end: start + part.length }
    })
    return withCites(text, citations).text
  }

  test.each([
    ["One. Two.", "One.", "One.⦃1⦄ Two."],
    ["A **bold end.** Next.", "bold end.", "A **bold end.**⦃1⦄ Next."],
    ["- one\n- two", "one\n", "- one⦃1⦄\n- two"],
    ["see `a.b.c` here", "`a.b", "see `a.b.c`⦃1⦄ here"],
    ["a [link](https://x.yz/) here", "a [li", "a [link](https://x.yz/)⦃1⦄ here"],
    ["$a + b$ is", "$a", "$a + b$⦃1⦄ is"],
    ["| a | b |\n| --- | --- |\n| c | d |", "| c | d |", "| a | b |\n| --- | --- |\n| c | d⦃1⦄ |"],
    ["```\ncode.\n```\n\nText.", "code.", "```\ncode.\n```\n\nText."],
    ["- x\n  ```\n  code.\n  ```", "code.", "- x\n  ```\n  code.\n  ```"],
    ["text\n\n---\n\nmore", "---", "text\n\n---\n\nmore"],
    ["a ``` b `code.` c", "a `", "a ```⦃1⦄ b `code.` c"],
    ["It says ⦃1⦄ itself.", "It says", "It says ⦃1⦄ itself."],
  ])("%j, of which %j has a source", (text, part, expected) => {
    expect(mark(text, part)).toBe(expected)
  })

  test("several stand together, each once", () => {
    expect(mark("One. Two.", "One.", "One.", "Two.")).toBe("One.⦃1⦄⦃2⦄ Two.⦃3⦄")
  })

  test("a mark changes nothing of what the text is made of", () => {
    const pieces = [
      "Sentence one. ",
      "**bold.** ",
      "*a* ",
      "`code.` ",
      "\n- item.",
      "\n\n",
      "[l](https://a.b/) ",
      "| a | b |\n",
      "| - | - |\n",
      "> q. ",
      "\n# h.",
      "```\n",
      "$x$ ",
      "![i](https://a.b/) ",
    ]
    const kinds = (text: string, sources: readonly Source[]) => {
      const found: string[] = []
      const tokens = toTokens(text, { sources })
      marked.walkTokens(tokens, ({ type }) => {
        if (!["cite", "text", "escape"].includes(type)) found.push(type)
      })
      return found
    }
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 25 }), fc.nat(200), (parts, end) => {
        const text = parts.join("")
        const cited = withCites(text, [
          { uri, title: "t", license: null, start: 0, end: Math.min(end, text.length) },
        ])
        expect(kinds(cited.text, cited.sources)).toEqual(kinds(text, []))
      }),
      { numRuns: 500 },
    )
  })
})

describe("text without Markdown", () => {
  test("is what a person would write", () => {
    const text =
      "# Hi **you**\n\nSee [this](https://example.com/a) &amp; <https://example.com>.[^1]\n\n- [x] done\n- a\n  - b\n\n3. c\n\n| a | b |\n| --- | --- |\n| 1 | **2** |\n\n```js\nx = 1\n```\n\n[^1]: A note."
    expect(toPlainText(text)).toBe(
      "Hi you\n\nSee this (https://example.com/a) & https://example.com.[1]\n\n- [x] done\n- a\n  - b\n\n3. c\n\na\tb\n1\t2\n\nx = 1\n\n[1] A note.",
    )
    expect(toPlainText(text, { isSpoken: true })).toBe(
      "Hi you\n\nSee this & https://example.com.\n\ndone\na\n  b\n\n3. c\n\na, b\n1, 2",
    )
  })

  test("text without marks stays as it is", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[A-Za-z]{1,8}$/), { minLength: 1 }), (words) => {
        expect(toPlainText(words.join(" "))).toBe(words.join(" "))
      }),
    )
  })
})

describe("a text that is made to be slow", () => {
  test.each(["_a", "**a", "_*a", "***a", "~~a", "_**a"])("thousands of %j are text", (piece) => {
    const text = piece.repeat(30_000)
    expect(types(text)).toEqual(["paragraph", "text"])
    // Many short ones cost as much together.
    const many = Array.from({ length: 2_000 }, () => piece.repeat(200)).join("\n\n")
    expect(types(many).filter((type) => type === "em" || type === "strong").length).toBeLessThan(10_000)
  })

  test.each([
    ["lists", "- ".repeat(10_000)],
    ["quotes", ">".repeat(10_000)],
    ["both", "> - ".repeat(5_000)],
    ["numbered lists", "1. ".repeat(5_000)],
  ])("%s in each other are so deep, and text from there", (_, marks) => {
    const found = types(`${marks}x`)
    expect(found.filter((type) => type === "list" || type === "blockquote").length).toBeLessThan(50)
    expect(toPlainText(`${marks}x`)).toContain("x")
  })

  test("what is read is as long as what was written, whatever it is", () => {
    const pieces = [
      "$",
      "$$",
      "\\(",
      "\\[",
      "\\]",
      "[^1]",
      "[^1]: ",
      "\n",
      "\n\n",
      "> ",
      "- ",
      "*",
      "_",
      "`",
      "```",
      "| ",
      "a ",
    ]
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...pieces), { maxLength: 40 }),
        fc.boolean(),
        (parts, isGrowing) => {
          const text = parts.join("")
          expect(toTokens(text, { isGrowing }).reduce((sum, { raw }) => sum + raw.length, 0)).toBe(
            text.length,
          )
          closeHalfOpen(text, remend)
          toPlainText(text)
        },
      ),
    )
  })
})

test.each([
  ["ts", "code.ts"],
  ["Python", "code.py"],
  ["c++", "code.cpp"],
  ["dockerfile", "Dockerfile"],
  ["", "code.txt"],
  ["../../etc/passwd", "code.txt"],
  ["constructor", "code.constructor"],
])("code in %j is saved as %s", (language, name) => {
  expect(codeFileName(language)).toBe(name)
})
