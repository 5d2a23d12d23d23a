// Claims of node/datasets/numpy/npz.ts: a good archive becomes records, and anything else becomes one clear sentence with
// exit code 12, whoever made it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import anyTest, { type ExecutionContext, type TestFn } from 'ava'
import { zipSync } from 'fflate'
import type { Dataset } from '../../../../node/datasets/dataset.ts'
import type { RecordsWanted } from '../../../../node/datasets/format.ts'
import { ARRAY_BYTES_MAX, inspectNpz, readNpz } from '../../../../node/datasets/numpy/npz.ts'
import { OperatorError } from '../../../../node/errors.ts'
import { inputsOf } from '../../../helpers/inputs.ts'
import { npy } from '../arrays.ts'

const test = anyTest as TestFn<{ folder: string }>
const DATA = process.env['CONFRERE_DATA']
const OPTIONS: RecordsWanted = { split: 'train', shape: [2, 3, 1], classes: ['no', 'yes'] }

test.beforeEach(async t => {
  t.context.folder = await mkdtemp(join(tmpdir(), 'confrere-npz-'))
})
test.afterEach.always(t => rm(t.context.folder, { recursive: true }))

const PIXELS = Uint8Array.from({ length: 12 }, (_, index) => index * 20)
const IMAGES = npy(PIXELS, { shape: [2, 2, 3] })
const LABELS = npy(Uint8Array.of(1, 0), { shape: [2, 1] })

async function readBytes(folder: string, bytes: Uint8Array, options: RecordsWanted = OPTIONS): Promise<Dataset> {
  const file = join(folder, 'data.npz')
  await writeFile(file, bytes)
  return readNpz(file, options)
}

function read(folder: string, arrays: Record<string, Uint8Array>, options?: RecordsWanted): Promise<Dataset> {
  const named = Object.entries(arrays).map(([name, bytes]) => [`${name}.npy`, bytes])
  return readBytes(folder, zipSync(Object.fromEntries(named)), options)
}

async function refuses(
  t: ExecutionContext,
  attempt: Promise<unknown>,
  message: RegExp,
  start = /^The archive of records cannot be read: .+/,
): Promise<void> {
  const error = await t.throwsAsync(attempt, { instanceOf: OperatorError })
  t.is(error!.exitCode, 12)
  t.is(error!.code, 'data-unreadable')
  t.regex(error!.message, start)
  t.regex(error!.message, message)
  t.true(error!.hint.length > 10)
}

test('uint8 images are scaled by 1/255, and labels are class indices', async t => {
  const dataset = await read(t.context.folder, { train_images: IMAGES, train_labels: LABELS })
  t.is(dataset.count, 2)
  t.deepEqual(dataset.shape, [2, 3, 1])
  t.deepEqual(
    inputsOf(dataset),
    Float32Array.from(PIXELS, byte => byte / 255),
  )
  t.deepEqual([...dataset.labels], [1, 0])
})

test('images may have their channel axis or not, be stored or deflated, and have other splits beside them', async t => {
  const withChannel = npy(PIXELS, { shape: [2, 2, 3, 1], version: 2 })
  const entries = { 'train_images.npy': withChannel, 'train_labels.npy': LABELS, 'test_images.npy': PIXELS }
  for (const level of [0, 9] as const) {
    const dataset = await readBytes(t.context.folder, zipSync(entries, { level }))
    t.deepEqual(
      inputsOf(dataset),
      Float32Array.from(PIXELS, byte => byte / 255),
    )
  }
})

test('an archive without splits has images and labels', async t => {
  const dataset = await read(t.context.folder, { images: IMAGES, labels: LABELS })
  t.is(dataset.count, 2)
})

test('labels may have any integer type', async t => {
  const types: [string, ArrayBufferView][] = [
    ['|b1', Uint8Array.of(1, 0)],
    ['|i1', Int8Array.of(1, 0)],
    ['<u2', Uint16Array.of(1, 0)],
    ['<i2', Int16Array.of(1, 0)],
    ['<u4', Uint32Array.of(1, 0)],
    ['<i4', Int32Array.of(1, 0)],
    ['<u8', BigUint64Array.of(1n, 0n)],
    ['<i8', BigInt64Array.of(1n, 0n)],
  ]
  for (const [descr, body] of types) {
    const train_labels = npy(body, { descr, shape: [2] })
    const dataset = await read(t.context.folder, { train_images: IMAGES, train_labels })
    t.deepEqual([...dataset.labels], [1, 0], descr)
  }
})

test('float32 images of [0, 1] and any finite float32 vectors are taken as they are', async t => {
  const values = Float32Array.from({ length: 12 }, (_, index) => index / 11)
  const train_images = npy(values, { descr: '<f4', shape: [2, 2, 3] })
  t.deepEqual((await read(t.context.folder, { train_images, train_labels: LABELS })).inputs, values)
  const vectors = values.map(value => value * 100 - 50)
  const arrays = { train_vectors: npy(vectors, { descr: '<f4', shape: [2, 6] }), train_labels: LABELS }
  const dataset = await read(t.context.folder, arrays, { ...OPTIONS, shape: [6] })
  t.deepEqual(dataset.inputs, vectors)
})

test('what is no archive, or only part of one, is refused', async t => {
  const { folder } = t.context
  await refuses(t, readNpz(join(folder, 'absent.npz'), OPTIONS), /it is not there/)
  await refuses(t, readBytes(folder, new Uint8Array(0)), /not a whole \.npz/)
  await refuses(t, readBytes(folder, Buffer.from('patient;age\n1;40\n'.repeat(10))), /not a whole \.npz/)
  await refuses(t, readBytes(folder, IMAGES), /not a whole \.npz archive but a single array \(\.npy\)/)
  await refuses(t, readNpz(folder, OPTIONS), /it is not a file/, /^The archive of records cannot be read: .+/)
  await writeFile(join(folder, 'file'), '')
  await refuses(t, readNpz(join(folder, 'file', 'a.npz'), OPTIONS), /a part of its path is not a folder/)
  const noise = Uint8Array.from({ length: 1200 }, (_, index) => (index * index * 7919) % 251)
  const images = npy(noise, { shape: [200, 2, 3] })
  const zip = zipSync({ 'train_images.npy': images, 'train_labels.npy': npy(new Uint8Array(200), { shape: [200] }) })
  for (const length of [zip.length - 1, zip.length - 60, zip.length >> 1, 100, 30]) {
    await refuses(t, readBytes(folder, zip.subarray(0, length)), /not a whole \.npz/)
  }
  t.is((await readBytes(folder, zip)).count, 200)
})

test('no damaged byte gives anything but records or the one error', async t => {
  const zip = zipSync({ 'train_images.npy': IMAGES, 'train_labels.npy': LABELS })
  for (let offset = 0; offset < zip.length; offset++) {
    const damaged = zip.slice()
    damaged[offset]! ^= 0xff
    const outcome = await readBytes(t.context.folder, damaged).catch((error: unknown) => error)
    if (outcome instanceof Error) t.true(outcome instanceof OperatorError, `${offset}: ${outcome}`)
  }
})

test('missing arrays are named, with those that are there', async t => {
  const { folder } = t.context
  await refuses(t, read(folder, {}), /not a whole|no array train_images/)
  await refuses(t, read(folder, { train_images: IMAGES }), /no array train_labels; it holds train_images/)
  const others = { test_images: IMAGES, test_labels: LABELS }
  await refuses(t, read(folder, others), /no array train_images; it holds test_images, test_labels/)
})

test('arrays of the wrong shape or type are refused', async t => {
  const { folder } = t.context
  const images: [Uint8Array, RegExp][] = [
    [npy(PIXELS, { shape: [2, 3, 2] }), /train_images has the shape \(2, 3, 2\) where the study says \(n, 2, 3, 1\)/],
    [npy(PIXELS, { shape: [12] }), /train_images has the shape \(12\)/],
    [npy(PIXELS, { shape: [] }), /train_images has 12 bytes where/],
    [npy(new Uint8Array(0), { shape: [0, 2, 3] }), /train_images holds no records/],
    [npy(PIXELS, { shape: [3, 2, 3] }), /train_images has 12 bytes where its shape \(3, 2, 3\) needs 18/],
    [npy(PIXELS, { shape: [2, 2, 3, 1, 1] }), /train_images has the shape \(2, 2, 3, 1, 1\)/],
    [npy(PIXELS.subarray(0, 1), { shape: [] }), /train_images has the shape \(\) where/],
    [
      npy(new Float64Array(24), { descr: '<c16', shape: [2, 2, 3] }),
      /train_images has the dtype <c16, which is not read/,
    ],
    [
      npy(new Float64Array(24), { descr: '<f16', shape: [2, 2, 3] }),
      /train_images has the dtype <f16, which is not read/,
    ],
    [npy(new BigInt64Array(12), { descr: '<M8[D]', shape: [2, 2, 3] }), /train_images has the dtype <M8\[D\], which/],
    [npy(PIXELS, { descr: '|S1', shape: [2, 2, 3] }), /train_images holds text where numbers are needed/],
    [npy(new Uint8Array(0), { descr: '|S0', shape: [2, 2, 3] }), /train_images has the dtype \|S0, which is not read/],
    [npy(PIXELS, { shape: [2, 2, 2 ** 52] }), /train_images has a header with an impossible shape/],
    [npy(PIXELS, { descr: "[('a', '|u1')]", shape: [2, 2, 3] }), /train_images is a structured array/],
    [npy(PIXELS, { shape: [2, 2, 3], version: 9 }), /train_images has the unknown format version 9/],
    [IMAGES.subarray(0, 40), /train_images is cut off inside its header/],
    [Buffer.from('not numpy at all'), /train_images is not a numpy array/],
    [npy(PIXELS, { shape: [2, 2, -3] }), /train_images has a header that cannot be read/],
  ]
  for (const [train_images, message] of images) {
    await refuses(t, read(folder, { train_images, train_labels: LABELS }), message)
  }
})

test('an array of Python objects is refused and never unpickled', async t => {
  const pickle = Buffer.from('cos\nsystem\n(S"true"\ntR.')
  const train_images = npy(pickle, { descr: '|O', shape: [2, 2, 3] })
  const message = /train_images holds Python objects, which are never loaded/
  await refuses(t, read(t.context.folder, { train_images, train_labels: LABELS }), message)
  const train_labels = npy(pickle, { descr: '|O', shape: [2] })
  await refuses(t, read(t.context.folder, { train_images: IMAGES, train_labels }), /train_labels holds Python objects/)
})

test('pixels that are not finite or not of [0, 1] are refused by their record', async t => {
  for (const [bad, message] of [
    [Number.NaN, /a value that is not finite in record 1/],
    [Number.POSITIVE_INFINITY, /not finite/],
    [-0.5, /a value outside \[0, 1\] in record 1/],
    [255, /a value outside/],
  ] as const) {
    const values = new Float32Array(12)
    values[8] = bad
    const train_images = npy(values, { descr: '<f4', shape: [2, 2, 3] })
    await refuses(t, read(t.context.folder, { train_images, train_labels: LABELS }), message)
  }
  const train_vectors = npy(Float32Array.of(1, Number.NaN), { descr: '<f4', shape: [2, 1] })
  const attempt = read(t.context.folder, { train_vectors, train_labels: LABELS }, { ...OPTIONS, shape: [1] })
  await refuses(t, attempt, /a value that is not finite in record 1/)
})

test('labels outside the classes, or not one for each record, are refused', async t => {
  const labels: [Uint8Array, RegExp][] = [
    [npy(Uint8Array.of(0, 2), { shape: [2] }), /train_labels has a label in record 1 that is no class, .* 0 to 1/],
    [npy(Int8Array.of(-1, 0), { descr: '|i1', shape: [2] }), /a label in record 0 that is no class/],
    [npy(BigInt64Array.of(0n, 2n ** 40n), { descr: '<i8', shape: [2] }), /a label in record/],
    [npy(Uint8Array.of(0, 1, 0), { shape: [3] }), /train_labels has the shape \(3\) where 2 records need \(2,\)/],
    [npy(Uint8Array.of(0, 1, 0, 1), { shape: [2, 2] }), /train_labels has the shape \(2, 2\)/],
    [npy(Float32Array.of(0, 0.5), { descr: '<f4', shape: [2] }), /a label that is no whole number, in record 1/],
    [npy(Float64Array.of(Number.NaN, 0), { descr: '<f8', shape: [2] }), /a label that is no whole number, in record 0/],
    [npy(BigUint64Array.of(2n ** 63n, 0n), { descr: '<u8', shape: [2] }), /a label in record 0/],
    [npy(Uint8Array.of(1), { shape: [] }), /train_labels has the shape \(\)/],
    [npy(new Uint8Array(0), { shape: [0] }), /train_labels has the shape \(0\)/],
  ]
  for (const [train_labels, message] of labels) {
    await refuses(t, read(t.context.folder, { train_images: IMAGES, train_labels }), message)
  }
})

test('an array that claims to inflate beyond the limit is refused before it is inflated', async t => {
  const zip = zipSync({ 'train_images.npy': IMAGES, 'train_labels.npy': LABELS })
  const view = new DataView(zip.buffer, zip.byteOffset)
  const directory = Buffer.from(zip).indexOf('PK\x01\x02')
  view.setUint32(directory + 24, ARRAY_BYTES_MAX * 3, true)
  const before = process.memoryUsage().arrayBuffers
  await refuses(t, readBytes(t.context.folder, zip), /train_images would take 3221225472 bytes, more than 1073741824/)
  t.true(process.memoryUsage().arrayBuffers - before < 1e8)
})

test('an array that inflates to more than it claims gives an error, not the memory', async t => {
  const bomb = npy(new Uint8Array(6_000_000), { shape: [1_000_000, 2, 3] })
  const zip = zipSync({ 'train_images.npy': bomb, 'train_labels.npy': LABELS })
  const directory = Buffer.from(zip).indexOf('PK\x01\x02')
  new DataView(zip.buffer, zip.byteOffset).setUint32(directory + 24, 1000, true)
  await refuses(t, readBytes(t.context.folder, zip), /train_images is damaged: it inflates to more than the 1000 bytes/)
})

function inspect(folder: string, arrays: Record<string, Uint8Array>): ReturnType<typeof inspectNpz> {
  return read(folder, arrays, OPTIONS)
    .catch(() => undefined)
    .then(() => inspectNpz(join(folder, 'data.npz'), 'train'))
}

test('before there is a study, images or columns with a label each are found, whatever their shape and values', async t => {
  const { folder } = t.context
  const shapes = [[6], [2, 3], [2, 3, 1], [1, 2, 3]]
  for (const shape of shapes) {
    const array = npy(PIXELS, { shape: [2, ...shape] })
    for (const name of ['train_images', 'train_vectors', 'images', 'vectors']) {
      t.deepEqual(await inspect(folder, { [name]: array, train_labels: LABELS }), { count: 2, shape })
    }
  }
  const names = npy(Uint8Array.from(Buffer.from('noyes')).subarray(0, 4), { descr: '|S2', shape: [2] })
  t.is((await inspect(folder, { train_images: IMAGES, train_labels: names })).count, 2)
  const high = npy(Float32Array.from(PIXELS), { descr: '<f4', shape: [2, 2, 3] })
  t.is((await inspect(folder, { train_images: high, train_labels: npy(Uint8Array.of(7, 9), { shape: [2] }) })).count, 2)
})

test('before there is a study, an array that no study can use is refused as one that is missing', async t => {
  const { folder } = t.context
  const cases: [arrays: Record<string, Uint8Array>, message: RegExp][] = [
    [{}, /not a whole|no array train_images or train_vectors/],
    [{ test_images: IMAGES }, /no array train_images or train_vectors; it holds test_images/],
    [{ train_images: IMAGES }, /no array train_labels/],
    [
      { train_vectors: IMAGES, train_labels: npy(new Uint8Array(3), { shape: [3] }) },
      /train_labels has the shape \(3\)/,
    ],
    [{ train_images: npy(PIXELS, { shape: [12] }), train_labels: LABELS }, /train_images has the shape \(12\)/],
    [{ train_images: npy(new Uint8Array(0), { shape: [0, 2] }), train_labels: LABELS }, /holds no records/],
    [{ train_images: npy(PIXELS, { descr: '|S1', shape: [2, 6] }), train_labels: LABELS }, /holds text/],
    [{ train_images: npy(PIXELS, { descr: '|O', shape: [2, 6] }), train_labels: LABELS }, /Python objects/],
    [{ train_images: IMAGES, train_labels: Buffer.from('nonsense') }, /train_labels is not a numpy array/],
  ]
  for (const [arrays, message] of cases) await refuses(t, inspect(folder, arrays), message)
})

test('before there is a study, no damaged byte gives anything but the same records or the one error', async t => {
  const file = join(t.context.folder, 'data.npz')
  const zip = zipSync({ 'train_images.npy': IMAGES, 'train_labels.npy': LABELS })
  for (let offset = 0; offset < zip.length; offset++) {
    const damaged = zip.slice()
    damaged[offset]! ^= 0xff
    await writeFile(file, damaged)
    const outcome = await inspectNpz(file, 'train').catch((error: unknown) => error)
    if (outcome instanceof Error) t.true(outcome instanceof OperatorError, `${offset}: ${outcome}`)
    else t.deepEqual(outcome, { count: 2, shape: [2, 3] })
  }
})

test('real images: all of PneumoniaMNIST', async t => {
  if (DATA === undefined) {
    t.log('skipped: CONFRERE_DATA does not name the folder of the development data')
    t.pass()
    return
  }
  const file = join(DATA, 'pneumonia-28', 'pneumonia-28.npz')
  const options = { shape: [28, 28, 1], classes: ['normal', 'pneumonia'] }
  const train = await readNpz(file, { ...options, split: 'train' })
  const positives = [...train.labels].filter(label => label === 1).length
  t.is(train.count, 4708)
  t.is(positives, 3494)
  t.is(inputsOf(train).length, 4708 * 784)
  t.true(inputsOf(train).every(value => value >= 0 && value <= 1))
  t.is((await readNpz(file, { ...options, split: 'test' })).count, 624)
  await refuses(t, readNpz(file, { ...options, split: 'none' }), /it holds .*train_images/)
})
