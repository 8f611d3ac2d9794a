import { request } from "node:http"
import { AwsV4Signer } from "aws4fetch"
import { describe, expect, test } from "vitest"
import { type S3Simulator, startS3Simulator } from "../../simulators/s3/server.ts"
import { refusalOf } from "../../simulators/s3/signature.ts"
import { testStack } from "../helpers/stack.ts"

const CREDENTIALS = { region: "eu-1", accessKeyId: "AKIATEST", secretAccessKey: "a/secret+of=tests" }

async function startBucket(): Promise<S3Simulator> {
  const s3 = await startS3Simulator({ ...CREDENTIALS, bucket: "files" })
  testStack().defer(() => s3.close())
  return s3
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "GET Object". */
test("the signature of Amazon's own example is right, and no other", () => {
  const headers = {
    host: "examplebucket.s3.amazonaws.com",
    range: "bytes=0-9",
    "x-amz-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "x-amz-date": "20130524T000000Z",
    authorization:
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  }
  const req = { method: "GET", url: "/test.txt", headers }
  const credentials = {
    region: "us-east-1",
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  }
  const then = Date.UTC(2013, 4, 24)
  expect(refusalOf(req, credentials, then)).toBeNull()
  expect(refusalOf(req, credentials, then + 16 * 60_000)).toBe("RequestTimeTooSkewed")
  expect(refusalOf({ ...req, url: "/test.txd" }, credentials, then)).toBe("SignatureDoesNotMatch")
  expect(refusalOf({ ...req, method: "DELETE" }, credentials, then)).toBe("SignatureDoesNotMatch")
  const unsigned = { ...headers, "x-amz-meta-more": "1" }
  expect(refusalOf({ ...req, headers: unsigned }, credentials, then)).toBe("AccessDenied")
})

describe("a bucket", () => {
  interface Sending {
    method?: string
    secret?: string
    body?: string
    sent?: string
    more?: Record<string, string | number>
  }

  /** Signs as given, and sends what may be something else. */
  async function send(
    url: string,
    { method = "GET", secret = CREDENTIALS.secretAccessKey, body = "", sent = body, more = {} }: Sending = {},
  ) {
    const headers = {
      "X-Amz-Content-Sha256": Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(body))).toString(
        "hex",
      ),
    }
    const keys = { ...CREDENTIALS, secretAccessKey: secret, service: "s3" }
    const signed = await new AwsV4Signer({ ...keys, method, url, headers }).sign()
    return new Promise<string>((resolve, reject) => {
      const req = request(
        url,
        { method, headers: { ...Object.fromEntries(signed.headers), ...more } },
        async (res) => {
          const text = Buffer.concat(await res.toArray()).toString()
          resolve(`${res.statusCode} ${/<Code>(\w+)/.exec(text)?.[1] ?? text}`)
        },
      )
      req.on("error", reject)
      req.end(sent)
    })
  }

  test("stores, returns, lists and deletes what is signed", async () => {
    const s3 = await startBucket()
    const at = (key: string) => `${s3.url}/files/${key}`
    expect(await send(at("a/1"), { method: "PUT", body: "one", more: { "Content-Length": 3 } })).toBe("200 ")
    expect(await send(at("a/1"))).toBe("200 one")
    expect(await send(at("?list-type=2&prefix=a/"))).toMatch(/<Key>a\/1<\/Key>.*<Size>3<\/Size>/)
    expect(await send(at("a/1"), { method: "DELETE" })).toBe("204 ")
    expect([await send(at("a/1")), await send(at("a/1"), { method: "DELETE" })]).toEqual([
      "404 NoSuchKey",
      "204 ",
    ])
  })

  test("refuses what isn't", async () => {
    const s3 = await startBucket()
    const put = { method: "PUT", body: "one", more: { "Content-Length": 3 } }
    const url = `${s3.url}/files/a`
    expect(await send(url, { ...put, secret: "another" })).toBe("403 SignatureDoesNotMatch")
    expect(await send(url, { ...put, sent: "two" })).toBe("400 XAmzContentSHA256Mismatch")
    expect(await send(url, { ...put, more: { "Transfer-Encoding": "chunked" } })).toBe(
      "411 MissingContentLength",
    )
    expect(await send(`${s3.url}/others/a`, put)).toBe("404 NoSuchBucket")
    const plain = await fetch(url)
    expect(plain.status).toBe(403)
    expect(s3.objects.size).toBe(0)
  })
})
