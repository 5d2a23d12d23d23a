// Claims of node/datasets/numpy/archive.ts: archives of any zip tool are read, what comes out is what went in, and everything
// else is one clear sentence.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import anyTest, { type TestFn } from 'ava'
import fc from 'fast-check'
import { Zip, ZipDeflate, type Zippable, zipSync } from 'fflate'
import type { Dataset } from '../../../../node/datasets/dataset.ts'
import { readNpz } from '../../../../node/datasets/numpy/npz.ts'
import { OperatorError } from '../../../../node/errors.ts'
import { wholeOf } from '../../../helpers/inputs.ts'
import { npy } from '../arrays.ts'

const test = anyTest as TestFn<{ folder: string }>
const IMAGES = npy(
  Uint8Array.from({ length: 12 }, (_, index) => index * 20),
  { shape: [2, 2, 3] },
)
const LABELS = npy(Uint8Array.of(1, 0), { shape: [2] })
const MEMBERS = { 'train_images.npy': IMAGES, 'train_labels.npy': LABELS }

test.beforeEach(async t => {
  t.context.folder = await mkdtemp(join(tmpdir(), 'confrere-archive-'))
})
test.afterEach.always(t => rm(t.context.folder, { recursive: true }))

async function read(folder: string, bytes: Uint8Array): Promise<Dataset> {
  const file = join(folder, 'data.npz')
  await writeFile(file, bytes)
  return readNpz(file, { split: 'train', shape: [2, 3, 1], classes: ['no', 'yes'] })
}

async function refusal(folder: string, bytes: Uint8Array): Promise<string> {
  try {
    await read(folder, bytes)
  } catch (error) {
    if (error instanceof OperatorError && error.code === 'data-unreadable') return error.message
    throw error
  }
  throw new Error('the archive was read')
}

const uint16 = (value: number): Uint8Array => Uint8Array.from([value, value >> 8])
const uint32 = (value: number): Uint8Array => Uint8Array.from([0, 8, 16, 24].map(shift => value >>> shift))
const uint64 = (value: number): Uint8Array => Buffer.concat([uint32(value), uint32(0)])
const ALL = uint32(0xffffffff)

/** Rewrites the directory of an archive as zip64 has it: every size and offset in an extra field. */
function toZip64(zip: Uint8Array): Uint8Array {
  const bytes = Buffer.from(zip)
  const end = bytes.lastIndexOf('PK\x05\x06')
  const [count, start] = [bytes.readUInt16LE(end + 10), bytes.readUInt32LE(end + 16)]
  const entries: Uint8Array[] = []
  for (let at = start, index = 0; index < count; index++) {
    const name = bytes.readUInt16LE(at + 28)
    const own = bytes.subarray(at, at + 46 + name)
    const sizes = [24, 20, 42].map(field => uint64(own.readUInt32LE(field)))
    const extra = Buffer.concat([uint16(1), uint16(24), ...sizes])
    const entry = Buffer.concat([own, extra])
    for (const field of [20, 24, 42]) entry.set(ALL, field)
    entry.set(uint16(extra.length), 30)
    entries.push(entry)
    at += 46 + name + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32)
  }
  const directory = Buffer.concat(entries)
  const after = start + directory.length
  const record = [Buffer.from('PK\x06\x06'), uint64(44), uint16(45), uint16(45), uint32(0), uint32(0)]
  const counts = [uint64(count), uint64(count), uint64(directory.length), uint64(start)]
  const locator = [Buffer.from('PK\x06\x07'), uint32(0), uint64(after), uint32(1)]
  const last = [Buffer.from('PK\x05\x06'), uint32(0), uint16(0xffff), uint16(0xffff), ALL, ALL, uint16(0)]
  return Buffer.concat([bytes.subarray(0, start), directory, ...record, ...counts, ...locator, ...last])
}

/** Sizes and checksums after the data, as a writer has it that cannot go back. */
function streamed(members: Record<string, Uint8Array>): Uint8Array {
  const pieces: Uint8Array[] = []
  const zip = new Zip((error, piece) => {
    if (error) throw error
    pieces.push(piece)
  })
  for (const [name, bytes] of Object.entries(members)) {
    const member = new ZipDeflate(name)
    zip.add(member)
    member.push(bytes.subarray(0, 50))
    member.push(bytes.subarray(50), true)
  }
  zip.end()
  return Buffer.concat(pieces)
}

/** Changes bytes at a place of the directory's entry of the labels. */
function withEntry(change: (entry: Buffer) => void): Uint8Array {
  const bytes = Buffer.from(zipSync(MEMBERS, { level: 0 }))
  change(bytes.subarray(bytes.lastIndexOf('PK\x01\x02')))
  return bytes
}

/** Changes where the first member's deflated data begin. */
function withFirstByte(value: number): Uint8Array {
  const bytes = zipSync(MEMBERS, { level: 9 })
  bytes[30 + 'train_images.npy'.length] = value
  return bytes
}

test('archives of other writers are read: zip64, streamed, with extra fields and comments, in folders', async t => {
  const { folder } = t.context
  const expected = wholeOf(await read(folder, zipSync(MEMBERS)))
  const extra: Zippable = { 'train_images.npy': [IMAGES, { extra: { 21589: new Uint8Array(5) }, comment: 'x' }] }
  const inFolder = { 'export/2024/train_images.npy': IMAGES, 'export\\train_labels.npy': LABELS }
  const archives = {
    zip64: toZip64(zipSync(MEMBERS)),
    streamed: streamed(MEMBERS),
    extra: zipSync({ ...extra, 'train_labels.npy': LABELS }),
    folders: zipSync({ ...inFolder, '__MACOSX/export/._train_images.npy': new Uint8Array(9), 'notes.txt': LABELS }),
  }
  for (const [name, bytes] of Object.entries(archives)) {
    t.deepEqual(wholeOf(await read(folder, bytes)), expected, name)
  }
})

test('a flipped bit of a stored array is found by the CRC-32, before its value is believed', async t => {
  const zip = zipSync(MEMBERS, { level: 0 })
  for (const at of [zip.indexOf(1, Buffer.from(zip).indexOf('train_labels.npy') + 16 + 128), 180]) {
    const damaged = zip.slice()
    damaged[at]! ^= 64
    t.regex(await refusal(t.context.folder, damaged), /the array train_(labels|images) is damaged: its CRC-32/)
  }
})

test('what cannot be read says what it is', async t => {
  const { folder } = t.context
  const cases: [Uint8Array, RegExp][] = [
    [withEntry(entry => entry.set([12, 0], 10)), /train_labels is compressed with bzip2 \(zip method 12\)/],
    [withEntry(entry => entry.set([1, 0], 8)), /train_labels is encrypted/],
    [withEntry(entry => entry.set([1, 0, 0, 0], 24)), /train_labels is damaged: its two sizes/],
    [withFirstByte(0xff), /train_images is damaged: it does not inflate \(invalid block type\)/],
    [zipSync({ ...MEMBERS, 'old/train_labels.npy': LABELS }), /two arrays train_labels, in different folders/],
    [Buffer.from('\x1f\x8b\x08not a zip'.repeat(9)), /not a whole \.npz archive: it does not begin as a zip/],
    [zipSync(MEMBERS).subarray(0, 200), /not a whole \.npz archive: End of central directory record/],
  ]
  for (const [bytes, message] of cases) t.regex(await refusal(folder, bytes), message)
})

test('a member that is smaller or larger than stated is refused', async t => {
  const bytes = Buffer.from(zipSync(MEMBERS))
  const stated = bytes.lastIndexOf('PK\x01\x02') + 24
  const size = bytes.readUInt32LE(stated)
  bytes.writeUInt32LE(size + 1, stated)
  t.regex(await refusal(t.context.folder, bytes), /train_labels/)
  bytes.writeUInt32LE(size - 1, stated)
  t.regex(await refusal(t.context.folder, bytes), /train_labels is damaged: it inflates to more than/)
})

test('an archive of more members than anybody saves is refused', async t => {
  const many = Object.fromEntries(Array.from({ length: 4097 }, (_, index) => [`${index}.npy`, new Uint8Array(1)]))
  t.regex(await refusal(t.context.folder, zipSync(many)), /it has 4097 members, more than 4096/)
})

test('however an archive is damaged, it gives records or the one error', async t => {
  const whole = [zipSync(MEMBERS), toZip64(zipSync(MEMBERS, { level: 0 })), streamed(MEMBERS)]
  const change = fc.record({ at: fc.nat(2000), value: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff) })
  const property = fc.asyncProperty(
    fc.nat(whole.length - 1),
    fc.array(change, { minLength: 1, maxLength: 8 }),
    fc.option(fc.nat(2000)),
    async (which, changes, length) => {
      const bytes = whole[which]!.slice(0, length ?? undefined)
      for (const { at, value } of changes) if (bytes.length > 0) bytes[bytes.length - 1 - (at % bytes.length)] = value
      const outcome = await read(t.context.folder, bytes).catch((error: unknown) => error)
      return !(outcome instanceof Error) || (outcome instanceof OperatorError && outcome.code === 'data-unreadable')
    },
  )
  await fc.assert(property, { numRuns: 400 })
  t.pass()
})
