import fc from "fast-check"
import { hostileTexts } from "./hostile.ts"

const oddValues = fc.oneof(
  hostileTexts,
  fc.constantFrom<unknown>(null, true, 0, -0, 1e308, -1, 2 ** 53, 0.1, [], {}, [[]], [null], { $gt: "" }),
  fc.jsonValue({ maxDepth: 4 }),
)

/** Bodies that aren't what anybody asked for. */
export const hostileBodies = (fields: readonly string[]): fc.Arbitrary<{ raw: string }> =>
  fc.oneof(
    { weight: 8, arbitrary: objectsOf(fields, oddValues).map(stringify) },
    { weight: 1, arbitrary: oddValues.map(stringify) },
    { weight: 2, arbitrary: fc.constantFrom(...RAW_BODIES).map((make) => ({ raw: make() })) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 300 }).map((raw) => ({ raw })) },
  )

const stringify = (value: unknown) => ({ raw: JSON.stringify(value) ?? "" })

function objectsOf(fields: readonly string[], values: fc.Arbitrary<unknown>): fc.Arbitrary<object> {
  const names = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...fields, "id") },
    {
      weight: 1,
      arbitrary: fc.constantFrom("__proto__", "constructor", "prototype", "toJSON", "", "a.b", "$where"),
    },
  )
  return fc.dictionary(names, values, { maxKeys: 6 })
}

const RAW_BODIES: (() => string)[] = [
  () => "{",
  () => '{"a":1}{"b":2}',
  () => "\ufeff{}",
  () => "{'message': 1}",
  () => "[".repeat(50_000),
  () => `${"[".repeat(20_000)}${"]".repeat(20_000)}`,
  () => `${'{"message":'.repeat(5_000)}1${"}".repeat(5_000)}`,
  () => '{"__proto__":{"isAdmin":true},"message":"hi"}',
  () => '{"constructor":{"prototype":{"isAdmin":true}}}',
  () => '{"message":"\\ud800"}',
  () => '{"message":"\\u0000"}',
  () => `{"message":${"9".repeat(5_000)}}`,
  () => '{"message":1e999}',
  () => `[${"1,".repeat(100_000)}1]`,
  () => `{${Array.from({ length: 5_000 }, (_, i) => `"k${i}":0`).join(",")}}`,
  () => JSON.stringify({ message: "x".repeat(600_000) }),
  () => '"just a text"',
  () => "null",
  () => "0",
]
