import fc from "fast-check"
import { expect, test } from "vitest"
import { toInlineMarkdown, toLinkTarget, toQuotation } from "../../src/utils/markdown.ts"

const hostile = fc
  .array(
    fc.constantFrom(
      "```",
      "~~~~",
      "<script>",
      "<!--",
      "# x",
      "> y",
      "---",
      "a",
      " ",
      "    ",
      "\n",
      "\r\n",
      "`",
      "\u2028",
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(""))

test("a quotation has its mark on every line, whatever is in it", () => {
  fc.assert(
    fc.property(fc.oneof(hostile, fc.string({ unit: "binary" })), (text) => {
      for (const line of toQuotation(text).split(/[\n\r\u2028\u2029]/)) expect(line).toMatch(/^>/)
    }),
  )
})

test("HTML is shown, and code stays as it is", () => {
  expect(toQuotation("a <b>\n```html\n<b>\n```\n</b> 1 < 2\n  ```\n<!-- x")).toBe(
    "> a &lt;b>\n> ```html\n> <b>\n> ```\n> &lt;/b> 1 < 2\n>   ```\n> &lt;!-- x",
  )
  // Neither opens a block of code, so what follows isn't code.
  expect(toQuotation("```a`b\n<i>")).toBe("> ```a`b\n> &lt;i>")
  expect(toQuotation("~~~~\n~~~\n<i>\n~~~~\n<i>")).toBe("> ~~~~\n> ~~~\n> <i>\n> ~~~~\n> &lt;i>")
})

test("a name stays in its line and is shown as it is", () => {
  expect(toInlineMarkdown("a\n# [b](c) <d>\r\ne_f")).toBe("a \\# \\[b\\]\\(c\\) \\<d\\> e\\_f")
  expect(toLinkTarget("https://x.com/a b>\n<c")).toBe("<https://x.com/a%20b%3E%0A%3Cc>")
})
