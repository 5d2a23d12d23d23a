// Claims of node/storage/row-file.ts: rows come back as they were written, also by another process; what a crash left
// behind, at any byte, is its whole rows and nothing else; rows of another key are not mistaken for these; damage is found
// when a row is read; nobody else on the machine may read the file.

import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import test from 'ava'
import fc from 'fast-check'
import { packRow } from '../../../node/storage/packed-row.ts'
import { ROW_KEY_BYTES, RowFile, rowFileBytesMax } from '../../../node/storage/row-file.ts'

const KEY = new Uint8Array(ROW_KEY_BYTES).fill(7)

const freshFile = (): string => join(mkdtempSync(join(tmpdir(), 'rows-')), 'new', 'rows')

function open<T>(file: string, length: number, use: (rows: RowFile) => T, key = KEY): T {
  const rows = new RowFile(file, { key, length })
  try {
    return use(rows)
  } finally {
    rows.close()
  }
}

function write(file: string, rows: readonly Float32Array[]): void {
  open(file, rows[0]!.length, opened => {
    for (const row of rows) opened.append(row)
  })
}

function read(rows: RowFile, length: number): Float32Array[] {
  return Array.from({ length: rows.held }, (_, row) => {
    const values = new Float32Array(length)
    rows.read(row, values)
    return values
  })
}

/** Where rows start in a file, and where the last one ends. */
function startsOf(rows: readonly Float32Array[]): number[] {
  const starts = [ROW_KEY_BYTES]
  for (const row of rows) starts.push(starts.at(-1)! + packRow(row).length + 4)
  return starts
}

const pixel = (white: number) => fc.nat(white).map(value => value / white)

const someRows = fc.integer({ min: 1, max: 9 }).chain(length => {
  const long = { minLength: length, maxLength: length }
  const pixels = (white: number) => fc.array(pixel(white), long).map(values => Float32Array.from(values))
  return fc.array(fc.oneof(fc.float32Array(long), pixels(255), pixels(65535)), { minLength: 1, maxLength: 6 })
})

test('rows come back bit for bit, and the file has at most the size that was foretold', t => {
  fc.assert(
    fc.property(someRows, rows => {
      const file = freshFile()
      const length = rows[0]!.length
      write(file, rows)
      t.true(statSync(file).size <= rowFileBytesMax({ count: rows.length, length }))
      t.is(statSync(file).size, startsOf(rows).at(-1)!)
      t.deepEqual(
        open(file, length, opened => read(opened, length)),
        rows,
      )
    }),
    { numRuns: 50 },
  )
})

test('a file that ends at any byte keeps its whole rows, and goes on after them', t => {
  fc.assert(
    fc.property(someRows, fc.double({ min: 0, max: 1, noNaN: true }), (rows, share) => {
      const file = freshFile()
      const length = rows[0]!.length
      write(file, rows)
      const size = Math.floor(share * statSync(file).size)
      truncateSync(file, size)
      const whole = startsOf(rows)
        .slice(1)
        .filter(end => end <= size).length
      open(file, length, opened => {
        t.is(opened.held, whole)
        for (const row of rows.slice(whole)) opened.append(row)
        t.deepEqual(read(opened, length), rows)
      })
    }),
    { numRuns: 50 },
  )
})

test('a row that is damaged is not taken for one, nor is any after it', t => {
  fc.assert(
    fc.property(someRows, fc.nat(), fc.integer({ min: 1, max: 255 }), (rows, place, change) => {
      const file = freshFile()
      const length = rows[0]!.length
      write(file, rows)
      const bytes = readFileSync(file)
      const at = ROW_KEY_BYTES + (place % (bytes.length - ROW_KEY_BYTES))
      bytes[at]! ^= change
      writeFileSync(file, bytes)
      t.is(
        open(file, length, opened => opened.held),
        startsOf(rows)
          .slice(1)
          .filter(end => end <= at).length,
      )
    }),
    { numRuns: 50 },
  )
})

test('damage that comes while the file is open ends in an error that a restart mends', t => {
  const file = freshFile()
  const rows = [new Float32Array([1, 2]), new Float32Array([3, 4])]
  write(file, rows)
  open(file, 2, opened => {
    const bytes = readFileSync(file)
    bytes[startsOf(rows)[1]! + 2]! ^= 1
    writeFileSync(file, bytes)
    opened.read(0, new Float32Array(2))
    t.throws(() => opened.read(1, new Float32Array(2)), { code: 'features-damaged', message: /Row 1 of / })
  })
  t.is(
    open(file, 2, opened => opened.held),
    1,
  )
})

test('rows of another key, of another length, or garbage are dropped', t => {
  const file = freshFile()
  const rows = [new Float32Array([1, 2]), new Float32Array([3, 4])]
  write(file, rows)
  t.is(
    open(file, 3, opened => opened.held),
    0,
  )
  write(file, rows)
  const other = KEY.map(byte => byte + 1)
  t.is(
    open(file, 2, opened => opened.held, other),
    0,
  )
  writeFileSync(file, 'not rows')
  appendFileSync(file, Buffer.alloc(100))
  t.is(
    open(file, 2, opened => opened.held),
    0,
  )
})

test('a file in the format of before, rows of float32 alone, is not read but written anew', t => {
  const file = freshFile()
  write(file, [new Float32Array([0, 1])])
  const [values, sum] = [Buffer.from(new Float32Array([0, 1]).buffer), Buffer.alloc(4)]
  sum.writeUInt32LE(crc32(values))
  writeFileSync(file, Buffer.concat([KEY, values, sum]))
  t.is(
    open(file, 2, opened => opened.held),
    0,
  )
})

test('only the user that runs the node may read the file and its new folder', t => {
  if (process.platform === 'win32') return t.pass('no permission bits')
  const file = freshFile()
  write(file, [new Float32Array([1])])
  t.is(statSync(file).mode & 0o777, 0o600)
  t.is(statSync(join(file, '..')).mode & 0o777, 0o700)
})

test('what is in the file’s place and no file of ours is named, and left as it is', t => {
  const folder = mkdtempSync(join(tmpdir(), 'rows-'))
  const elsewhere = join(folder, 'elsewhere')
  writeFileSync(elsewhere, 'precious')
  symlinkSync(elsewhere, join(folder, 'link'))
  mkdirSync(join(folder, 'folder'))
  const names = ['link', 'folder']
  if (spawnSync('mkfifo', [join(folder, 'pipe')]).status === 0) names.push('pipe')
  if (process.getuid?.() !== 0) {
    writeFileSync(join(folder, 'readonly'), '', { mode: 0o400 })
    names.push('readonly')
  }
  for (const name of names) {
    const error = t.throws(() => new RowFile(join(folder, name), { key: KEY, length: 1 }), {
      code: 'features-unusable',
    })
    t.true((error as Error).message.includes(name))
  }
  t.is(readFileSync(elsewhere, 'utf8'), 'precious')
})
