import { expectDocumented } from "../../../tools/lib/contract.ts"

interface Answer {
  status: number
  headers: Headers
  text: string
}

/** Attacks, too, are answered as the document says. What Node refuses by itself has no request id, and no document. */
export function expectInDocument(method: string, url: string, { status, headers, text }: Answer): void {
  if (!headers.has("x-request-id")) return
  const isJson = headers.get("content-type")?.includes("json") && text !== ""
  const body = isJson ? JSON.parse(text) : text
  expectDocumented({ method, path: new URL(url).pathname, status, headers, body })
}
