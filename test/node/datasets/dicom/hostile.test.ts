// Claims of node/datasets/dicom against damaged and hostile files: one DicomError each, in bounded time and memory,
// without a name or an identifier in it, and the next good file decodes right.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { deflateRawSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { openCodec } from '../../../../node/datasets/dicom/codec.ts'
import { DicomError } from '../../../../node/datasets/dicom/error.ts'
import { firstFrame, storedFrames } from '../../../../node/datasets/dicom/frame.ts'
import { readDicom } from '../../../../node/datasets/dicom/header.ts'
import { dicom, element, elementsOf, encapsulated, encode, type Image, item, meta, picture, SYNTAX } from './files.ts'

const codec = openCodec()
test.after.always(() => codec.close())

const COMPRESSED = ['rle', 'baseline', 'first', 'jpegLs', 'jpeg2000', 'highThroughput'] as const
const IMAGE: Image = { rows: 40, columns: 56, bitsAllocated: 8 }

async function first(file: Uint8Array): Promise<number[]> {
  return Array.from(await firstFrame(readDicom(file), codec))
}

/** The error's message; fails unless it is a DicomError that gives nothing away. */
async function refusal(t: ExecutionContext, file: Uint8Array): Promise<string> {
  const error = await t.throwsAsync(
    first(file).then(({ length }) => length),
    { instanceOf: DicomError },
  )
  return harmless(t, error as DicomError)
}

function harmless(t: ExecutionContext, error: DicomError): string {
  const print = inspect(error, { depth: 9 })
  for (const secret of ['LOVELACE', 'MRN']) t.false(print.includes(secret), print)
  t.true(error.hint.length > 10)
  t.is(error.cause, undefined)
  return error.message
}

const { values: VALUES, bytes: BYTES } = picture(IMAGE)
const GOOD = dicom(IMAGE, BYTES)

async function goodDecodes(t: ExecutionContext): Promise<void> {
  for (const name of ['first', 'jpeg2000', 'jpegLs'] as const) {
    const pixels = encapsulated([await encode(SYNTAX[name], IMAGE, BYTES)])
    t.deepEqual(await first(dicom(IMAGE, pixels, { syntax: SYNTAX[name] })), VALUES)
  }
}

test('what is no DICOM file, or none with an image, is refused', async t => {
  t.is(await refusal(t, new Uint8Array()), 'it is empty')
  const others = ['PK\x03\x04', '\x89PNG\r\n\x1a\n', 'file,label\n', '\x08', '\x08\x00', '\x02\x00']
  for (const start of others) {
    t.regex(await refusal(t, Buffer.from(start, 'latin1')), /not a DICOM file/)
    t.true((await refusal(t, Buffer.concat([Buffer.from(start, 'latin1'), Buffer.alloc(500, 7)]))).length > 0)
  }
  const header = Buffer.concat([meta(SYNTAX.explicit), ...elementsOf(IMAGE).map(one => element(one))])
  t.is(await refusal(t, header), 'it holds no image')
})

test('a file that is cut anywhere is refused, whatever its syntax', async t => {
  const files = await Promise.all(
    COMPRESSED.map(async name =>
      dicom(IMAGE, encapsulated([await encode(SYNTAX[name], IMAGE, BYTES)]), { syntax: SYNTAX[name] }),
    ),
  )
  for (const file of [GOOD, ...files]) {
    for (let part = 0; part < 40; part += 1) await refusal(t, file.subarray(0, Math.floor((file.length * part) / 40)))
    await refusal(t, file.subarray(0, file.length - 1))
  }
})

test('a compressed frame that is cut anywhere is refused, even when the file around it is whole', async t => {
  for (const name of COMPRESSED) {
    const frame = await encode(SYNTAX[name], IMAGE, BYTES)
    for (let part = 0; part < 60; part += 1) {
      const cut = frame.subarray(0, Math.floor((frame.length * part) / 60))
      await refusal(t, dicom(IMAGE, encapsulated([cut]), { syntax: SYNTAX[name] }))
    }
  }
  await goodDecodes(t)
})

test('a frame of another size than the header states is refused before it is decoded', async t => {
  for (const name of COMPRESSED) {
    const pixels = encapsulated([await encode(SYNTAX[name], IMAGE, BYTES)])
    // RLE states no size: with as many pixels, nothing tells them apart
    const turned = name === 'rle' ? [] : [{ rows: 80, columns: 28 }]
    for (const other of [{ rows: 41 }, { rows: 4000, columns: 4000 }, ...turned]) {
      const message = await refusal(t, dicom({ ...IMAGE, ...other }, pixels, { syntax: SYNTAX[name] }))
      t.regex(message, name === 'rle' ? /RLE|size/ : /40 x 56 x 1 values/)
    }
  }
})

test('a bomb of 65,535 x 65,535 values, or of many frames, is refused by its header', async t => {
  const bomb = { ...IMAGE, rows: 65_535, columns: 65_535 }
  t.regex(await refusal(t, dicom(bomb, BYTES)), /a frame has 4294836225 values/)
  t.regex(await refusal(t, dicom({ ...IMAGE, rows: 5000, columns: 5000, frames: 16_000 }, BYTES)), /values together/)
  const tiles = await encode(SYNTAX.jpeg2000, IMAGE, BYTES)
  const view = new DataView(tiles.buffer, tiles.byteOffset)
  view.setUint32(8 + 16, 1)
  view.setUint32(8 + 20, 1)
  // 40 x 56 tiles are allowed; with 200 x 200 there are too many
  view.setUint32(8, 200)
  view.setUint32(12, 200)
  t.regex(await refusal(t, dicom(IMAGE, encapsulated([tiles]), { syntax: SYNTAX.jpeg2000 })), /tiles/)
})

test('a deflated bomb is refused, and what it inflates to is bounded', async t => {
  const bomb = deflateRawSync(Buffer.alloc(2 ** 27 + 1))
  t.true(bomb.length < 200_000)
  t.regex(await refusal(t, Buffer.concat([meta(SYNTAX.deflated), bomb])), /inflates to too many bytes/)
  t.regex(await refusal(t, Buffer.concat([meta(SYNTAX.deflated), Buffer.alloc(50, 0xff)])), /does not inflate/)
})

/** Sequences within each other: with stated lengths, or with delimiters. */
function nested(depth: number, { implicit, delimited }: { implicit: boolean; delimited: boolean }): Buffer {
  let inner: Buffer = Buffer.alloc(0)
  const opening = Buffer.concat([
    element([0x00082112, 'SQ', ''], { implicit, length: 0xffffffff }),
    Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff]),
  ])
  const closing = Buffer.from([0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0, 0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0])
  if (delimited) return Buffer.concat([...Array(depth).fill(opening), ...Array(depth).fill(closing)])
  for (let level = 0; level < depth; level += 1) inner = element([0x00082112, 'SQ', item(inner)], { implicit })
  return inner
}

test('sequences that nest 10,000 deep are refused, however they are written; 30 are not', async t => {
  for (const implicit of [false, true]) {
    for (const delimited of [false, true]) {
      const file = (depth: number) => {
        const syntax = implicit ? SYNTAX.implicit : SYNTAX.explicit
        const body = elementsOf(IMAGE).map(one => element(one, { implicit }))
        const pixels = element([0x7fe00010, 'OW', BYTES], { implicit })
        return Buffer.concat([meta(syntax), body[0]!, nested(depth, { implicit, delimited }), ...body.slice(1), pixels])
      }
      for (const depth of [10_000, 1000, 33]) t.regex(await refusal(t, file(depth)), /nests more than 32/)
      t.deepEqual(await first(file(30)), VALUES)
    }
  }
})

// alone: other tests of this file would add to what is measured
test.serial('a length that lies costs no memory', async t => {
  const before = process.memoryUsage()
  for (const length of [BYTES.length + 2, 0x7fffffff, 0xfffffffe]) {
    t.regex(
      await refusal(t, dicom({ ...IMAGE, rows: 5000, columns: 5000 }, BYTES, { length })),
      /of the 25000000 bytes/,
    )
    const lying = element([0x00080005, 'UN', 'ISO'], { length })
    t.regex(await refusal(t, Buffer.concat([meta(SYNTAX.explicit), lying])), /ends early|wrong length/)
    const piece = Buffer.concat([item(new Uint8Array()), item(BYTES)])
    piece.writeUInt32LE(length, 12)
    t.regex(await refusal(t, dicom(IMAGE, piece, { syntax: SYNTAX.jpegLs })), /end early/)
  }
  const after = process.memoryUsage()
  t.true(after.arrayBuffers - before.arrayBuffers < 2 ** 25)
})

test('a header of more than 4 MiB is refused', async t => {
  const large = element([0x00090010, 'UN', new Uint8Array(2 ** 22)])
  const body = elementsOf(IMAGE).map(one => element(one))
  const file = Buffer.concat([meta(SYNTAX.explicit), body[0]!, large, ...body.slice(1), GOOD.subarray(-100)])
  t.regex(await refusal(t, file), /does not end within 4194304 bytes/)
})

test('an offset table and pieces that contradict the frames are refused', async t => {
  const image = { ...IMAGE, frames: 3 }
  const frame = await encode(SYNTAX.jpegLs, IMAGE, BYTES)
  const read = async (pixels: Buffer) => {
    const error = await t.throwsAsync(
      async () => {
        for await (const _ of storedFrames(readDicom(dicom(image, pixels, { syntax: SYNTAX.jpegLs })), codec));
      },
      { instanceOf: DicomError },
    )
    return harmless(t, error as DicomError)
  }
  t.regex(await read(encapsulated([frame, frame])), /states 3 frames/)
  t.regex(await read(encapsulated([frame, frame, frame], [0, 0, 0])), /offset table/)
  t.regex(await read(encapsulated([frame, frame, frame], [0, 1, 2])), /offset table/)
  t.regex(await read(encapsulated([])), /no compressed pixels/)
})

test('pixels with more frames than the header states are refused: none is lost without a word', async t => {
  const more = /hold more frames than the 1 that its header states/
  t.regex(await refusal(t, dicom(IMAGE, Buffer.concat([BYTES, BYTES]))), more)
  t.deepEqual(await first(dicom(IMAGE, Buffer.concat([BYTES, Buffer.alloc(BYTES.length - 2)]))), VALUES)
  const tiny = { rows: 1, columns: 1, bitsAllocated: 8 }
  t.deepEqual(await first(dicom(tiny, Uint8Array.of(7, 0))), [7])
  for (const name of ['baseline', 'first', 'jpegLs', 'jpeg2000', 'highThroughput'] as const) {
    const frame = await encode(SYNTAX[name], IMAGE, BYTES)
    t.regex(await refusal(t, dicom(IMAGE, encapsulated([frame, frame]), { syntax: SYNTAX[name] })), more)
    const half = 2 * Math.floor(frame.length / 4)
    const pieces = encapsulated([frame.subarray(0, half), frame.subarray(half)])
    t.is((await first(dicom(IMAGE, pieces, { syntax: SYNTAX[name] }))).length, VALUES.length)
  }
  const runs = await encode(SYNTAX.rle, IMAGE, BYTES)
  t.regex(await refusal(t, dicom(IMAGE, encapsulated([runs, runs]), { syntax: SYNTAX.rle })), more)
})

test('360 changed streams: each decodes to the stated size or is one error, and good files decode afterwards', async t => {
  let seed = 20_261_128
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
  let refusals = 0
  for (const name of COMPRESSED) {
    const frame = await encode(SYNTAX[name], IMAGE, BYTES)
    for (let round = 0; round < 60; round += 1) {
      const changed = Buffer.from(frame)
      for (let flips = 1 + random(8); flips > 0; flips -= 1) {
        // half of the changes in the stream's own header, where sizes and tables lie
        changed[random(round % 2 === 0 ? Math.min(200, changed.length) : changed.length)] = random(256)
      }
      try {
        t.is((await first(dicom(IMAGE, encapsulated([changed]), { syntax: SYNTAX[name] }))).length, VALUES.length)
      } catch (error) {
        t.true(error instanceof DicomError, String(error))
        harmless(t, error as DicomError)
        refusals += 1
      }
    }
    await goodDecodes(t)
  }
  t.log(`${refusals} of 360 refused`)
  t.true(refusals > 0 && refusals < 360)
})

test('a header with any bytes changed is read, or is one error', async t => {
  const length = GOOD.length - BYTES.length
  const changes = fc.array(fc.tuple(fc.nat(length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(changes, async list => {
      const changed = Buffer.from(GOOD)
      for (const [at, byte] of list) changed[at] = byte
      try {
        await first(changed)
      } catch (error) {
        if (!(error instanceof DicomError)) throw error
        harmless(t, error)
      }
    }),
    { numRuns: 500 },
  )
})

const FOLDER = join(process.env['CONFRERE_DATA'] ?? '', 'dicom')
const there = process.env['CONFRERE_DATA'] !== undefined && existsSync(FOLDER)
const reason = there ? '' : ' (skipped: CONFRERE_DATA names no folder with dicom/)'
const sample = there ? test : test.skip

sample(`files of other writers are refused wherever they are cut before the end of their pixels${reason}`, async t => {
  for (const name of readdirSync(FOLDER)) {
    const bytes = readFileSync(join(FOLDER, name))
    for (const part of [0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.95]) {
      await refusal(t, bytes.subarray(0, Math.floor(bytes.length * part)))
    }
  }
})
