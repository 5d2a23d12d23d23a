// Claims of node/datasets/dicom/codec.ts: whatever a frame does to the codecs, it is one error, and the next one decodes.
import test from 'ava'
import { openCodec } from '../../../../node/datasets/dicom/codec.ts'
import { DicomError } from '../../../../node/datasets/dicom/error.ts'
import { encode, type Image, picture, SYNTAX } from './files.ts'

const ENTRY = new URL('./other-worker.ts', import.meta.url)

function job(rows: number, bytes: Uint8Array = Uint8Array.of(1)) {
  const layout = { samples: 1, bitsAllocated: 16, bitsStored: 16, signed: false, planar: false }
  return { ...layout, codec: 'jpeg-ls' as const, rows, columns: 8, colour: 'MONOCHROME2', bytes }
}

test('a thread that does not answer in time is ended, and the next frame has a new one', async t => {
  const codec = openCodec({ frameMsMax: 1000, entry: ENTRY })
  const [late, next] = await Promise.allSettled([codec.decode(job(1)), codec.decode(job(7))])
  t.true(late.status === 'rejected' && late.reason instanceof DicomError)
  t.regex((late as PromiseRejectedResult).reason.message, /takes more than 1000 ms/)
  t.true(next.status === 'fulfilled' && next.value.bytes[0] === 7)
  await codec.close()
})

test('a thread that fails or ends is one error, and the next frame has a new one', async t => {
  const codec = openCodec({ entry: ENTRY })
  for (const rows of [2, 3, 2]) {
    await t.throwsAsync(codec.decode(job(rows)), { instanceOf: DicomError, message: /stops its codec/ })
    t.is((await codec.decode(job(9))).bytes[0], 9)
  }
  await codec.close()
})

test('a stream that the codecs refuse does not spoil the good one after it', async t => {
  const codec = openCodec()
  const image: Image = { rows: 8, columns: 8 }
  const { bytes } = picture(image)
  const good = await encode(SYNTAX.jpegLs, image, bytes)
  for (let round = 0; round < 3; round += 1) {
    await t.throwsAsync(codec.decode(job(8, Uint8Array.of(0xff, 0xd8, 0xff, round))), { instanceOf: DicomError })
    t.deepEqual(new Uint8Array((await codec.decode(job(8, good))).bytes), bytes)
  }
  await codec.close()
})

test('memory does not grow with the number of frames', async t => {
  const codec = openCodec()
  const image: Image = { rows: 1000, columns: 1000 }
  const bytes = await encode(SYNTAX.jpegLs, image, new Uint8Array(2_000_000))
  const large = { ...job(1000, bytes), columns: 1000 }
  await codec.decode(large)
  const before = process.memoryUsage().external
  for (let frame = 0; frame < 120; frame += 1) await codec.decode(large)
  // 120 frames have 240 MB
  t.true(process.memoryUsage().external - before < 2 ** 27)
  await codec.close()
})

test('a closed codec rejects what waits and what comes', async t => {
  const codec = openCodec({ entry: ENTRY })
  const waiting = codec.decode(job(1))
  const closing = codec.close()
  await t.throwsAsync(waiting, { instanceOf: DicomError, message: /closed/ })
  await t.throwsAsync(codec.decode(job(7)), { instanceOf: DicomError, message: /closed/ })
  await closing
})

test('the caller keeps the bytes of its file', async t => {
  const codec = openCodec({ entry: ENTRY })
  const bytes = Uint8Array.of(1, 2, 3)
  await codec.decode(job(7, bytes))
  t.deepEqual([...bytes], [1, 2, 3])
  await codec.close()
})
