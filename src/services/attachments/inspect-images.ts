import { broken, checkSize, type Facts, type Inspector } from "./inspector.ts"

/** PNG (https://www.w3.org/TR/png-3/): chunks of a length, a type, data and a check sum, from IHDR to IEND. */
export function* inspectPng(): Inspector {
  yield { skip: 8 }
  let facts: Facts | null = null
  for (;;) {
    const head = yield { read: 8 }
    const size = head.readUInt32BE(0)
    const type = head.toString("latin1", 4)
    if (size > 0x7fffffff || (facts === null) !== (type === "IHDR")) broken()
    if (type === "IHDR") {
      if (size !== 13) broken()
      const header = yield { read: 13 }
      facts = checkSize(header.readUInt32BE(0), header.readUInt32BE(4))
      yield { skip: 4 }
    } else yield { skip: size + 4 }
    if (type === "IEND") return facts as Facts
  }
}

/** Markers that say how large the image is: SOF0 to SOF15, without DHT, JPG and DAC among them. */
const isSizeMarker = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)

const END_OF_IMAGE = Buffer.from([0xff, 0xd9])

/** JPEG (ITU T.81, annex B): segments up to the first scan, then coded data up to the end marker. */
export function* inspectJpeg(): Inspector {
  yield { skip: 2 }
  let facts: Facts | null = null
  for (;;) {
    const [first, second] = yield { read: 2 }
    if (first !== 0xff) broken()
    let marker = second as number
    // Any number of fill bytes may come before a marker.
    while (marker === 0xff) marker = (yield { read: 1 })[0] as number
    if (marker === 0 || marker === 0xd9 || marker === 0xd8) broken()
    const size: number = (yield { read: 2 }).readUInt16BE(0) - 2
    if (size < 0) broken()
    if (isSizeMarker(marker)) {
      if (size < 6) broken()
      const frame = yield { read: 6 }
      facts = checkSize(frame.readUInt16BE(3), frame.readUInt16BE(1))
      yield { skip: size - 6 }
    } else yield { skip: size }
    if (marker !== 0xda) continue
    if (!facts) broken()
    yield { find: END_OF_IMAGE }
    return facts
  }
}

/** GIF (https://www.w3.org/Graphics/GIF/spec-gif89a.txt): a screen, then extensions and images up to the trailer. */
export function* inspectGif(): Inspector {
  yield { skip: 6 }
  const screen = yield { read: 7 }
  const facts = checkSize(screen.readUInt16LE(0), screen.readUInt16LE(2))
  yield { skip: colorTableBytes(screen[4] as number) }
  for (;;) {
    const [block] = yield { read: 1 }
    if (block === 0x3b) return facts
    if (block === 0x21) yield { skip: 1 }
    else if (block === 0x2c) {
      const image = yield { read: 9 }
      // Some decoders make their canvas as large as the largest frame.
      checkSize(image.readUInt16LE(4), image.readUInt16LE(6))
      yield { skip: colorTableBytes(image[8] as number) + 1 }
    } else broken()
    for (;;) {
      const [size = 0] = yield { read: 1 }
      if (size === 0) break
      yield { skip: size }
    }
  }
}

const colorTableBytes = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)

/** WebP (https://developers.google.com/speed/webp/docs/riff_container): the first of the RIFF's chunks has the size. */
export function* inspectWebp(): Inspector {
  const head = yield { read: 20 }
  const size = head.readUInt32LE(4) + 8
  const type = head.toString("latin1", 12, 16)
  const first = yield { read: 10 }
  if (size < 30) broken()
  const facts = webpSize(type, first)
  yield { skip: size - 30 }
  return facts
}

function webpSize(type: string, data: Buffer): Facts {
  switch (type) {
    case "VP8X":
      return checkSize(data.readUIntLE(4, 3) + 1, data.readUIntLE(7, 3) + 1)
    case "VP8 ":
      return checkSize(data.readUInt16LE(6) & 0x3fff, data.readUInt16LE(8) & 0x3fff)
    case "VP8L": {
      const bits = data.readUInt32LE(1)
      return checkSize((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1)
    }
    default:
      return broken()
  }
}
