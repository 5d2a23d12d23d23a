// Claims of the CSV reader: a written table reads back, whatever its cells, separators and line ends; whatever is not
// strict CSV in UTF-8 is refused by one sentence that quotes no cell; no file costs more memory than a row of it.
import { createHash } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { csvRows } from '../../../../node/datasets/rows/csv-rows.ts'
import { CSV_ROW_BYTES_MAX, FILE_COLUMNS_MAX } from '../../../../node/datasets/rows/limits.ts'
import type { FileRow } from '../../../../node/datasets/rows/rows.ts'
import { CSV_ROWS } from '../../../../node/datasets/rows/rows-reader.ts'
import { brief, endlessFile, findings, openedFile, readingOf, tableOf } from './files.ts'

const all = { choose: () => null }

async function rowsOf(
  file: Parameters<typeof csvRows>[0],
  wanted: Parameters<typeof csvRows>[1] = all,
): Promise<FileRow[]> {
  const rows: FileRow[] = []
  for await (const row of csvRows(file, wanted)) rows.push(row)
  return rows
}

const cellsOf = (rows: FileRow[]) => rows.map(row => ('cells' in row ? row.cells : row.reason))

const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`
const CELL = fc.string({ unit: 'grapheme', maxLength: 12 }).map(text => text.replaceAll('\0', '').trim())

test('a table reads back, for every separator, line end, quoting and length of pieces', async t => {
  const table = fc
    .integer({ min: 2, max: 5 })
    .chain(width => fc.array(fc.array(CELL, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }))
  const ways = fc.record({
    separator: fc.constantFrom(',', ';', '\t'),
    end: fc.constantFrom('\n', '\r\n', '\r'),
    mark: fc.constantFrom('', '\ufeff'),
    piece: fc.integer({ min: 1, max: 64 }),
    last: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(table, ways, async (cells, { separator, end, mark, piece, last }) => {
      const names = cells[0]!.map((_, at) => `column ${at}`)
      const lines = [names, ...cells].map(row => row.map(quoted).join(separator))
      const file = openedFile('a.csv', mark + lines.join(end) + (last ? end : ''), piece)
      const columns: string[][] = []
      const rows = await rowsOf(file, {
        choose: found => {
          columns.push([...found])
          return null
        },
      })
      t.deepEqual(columns, [names])
      t.deepEqual(
        rows,
        cells.map((row, at) => ({ row: at + 1, cells: row })),
      )
    }),
  )
})

test('the separator is that of the first line, outside of quotes', async t => {
  const cases: [name: string, text: string, cells: string[]][] = [
    ['a.csv', 'x,y\n1,2\n', ['1', '2']],
    ['a.csv', 'x;y\n1,5;2\n', ['1,5', '2']],
    ['a.csv', 'x\ty\n1,5\t2;3\n', ['1,5', '2;3']],
    ['a.tsv', 'x,y\tz\n1\t2\n', ['1', '2']],
    ['a.csv', '"x;y",z\n1,2\n', ['1', '2']],
    ['a.csv', '\n\nx;y\n1;2\n', ['1', '2']],
    ['a.csv', 'x\n1\n', ['1']],
  ]
  for (const [name, text, cells] of cases) t.deepEqual(cellsOf(await rowsOf(openedFile(name, text))), [cells], text)
})

test('where the columns are named elsewhere, their number finds the separator', async t => {
  const header = ['x', 'y']
  const cells = async (text: string) =>
    cellsOf(await rowsOf(openedFile('a.data', text), { header, choose: () => null }))
  t.deepEqual(await cells('a;b;c,1\n'), [['a;b;c', '1']])
  t.deepEqual(await cells('1,5;2\n'), [['1,5', '2']])
  const error = await t.throwsAsync(cells('1,2,3\n'))
  t.is(
    error!.message,
    "its first row, split at commas, has 3 columns, and the study names 2. Write the study's columns in its order, " +
      'without a line of names.',
  )
})

test('a row with another number of columns is named, and the rest is read', async t => {
  const found = await findings(
    CSV_ROWS,
    openedFile('a.csv', 'age,pressure,pain,outcome\n1,60,1,0\n63,5,60,1,0\n2,60,1,1\n'),
    readingOf(tableOf()),
  )
  t.deepEqual(brief(found), [
    [1, 60, 1, 0, 'class 0'],
    'it has 5 columns, and the first row 4; quote cells with separators',
    [2, 60, 1, 0, 'class 1'],
  ])
  t.deepEqual(
    found.map(({ row }) => row),
    [1, 2, 3],
  )
})

test('a file that is not strict CSV in UTF-8 is refused without quoting a cell', async t => {
  const cases: [content: string | Uint8Array, reason: RegExp][] = [
    ['', /^it holds no rows$/],
    ['\n\n', /^it holds no rows$/],
    [Buffer.from('x,y\nM\xfcller,2\n', 'latin1'), /^it is not in UTF-8, perhaps in Latin-1/],
    [Buffer.from('x,y\nSecret,\xc3', 'latin1'), /^it is not in UTF-8/],
    [Buffer.from('\ufeffx,y\nSecret,2\n', 'utf16le'), /^it is in UTF-16/],
    [Buffer.from('x,y\nSecret,2\n', 'utf16le'), /^it holds a zero byte/],
    ['x,y\nSecret,\0\n', /^it holds a zero byte/],
    ['x,y\n"Secret" 1,2\n', /^in line 2, a quoted cell goes on after its closing quote/],
    ['x,y\n1,2\nSecret "1",2\n', /^in line 3, a quote stands inside of a cell that is not quoted/],
    ['x,y\n1,2\n"Secret,2\n', /^a quote that opens in line 3 is not closed/],
  ]
  for (const [content, reason] of cases) {
    const found = await findings(CSV_ROWS, openedFile('a.csv', content), readingOf(null))
    t.is(found.length, 1)
    t.false(found[0]!.ok)
    if (!found[0]!.ok) t.regex(found[0]!.reason, reason)
    t.false(JSON.stringify(found).includes('Secret'))
  }
})

test('what stands before a fault is read, and the fault is the last finding', async t => {
  const file = openedFile('a.csv', 'age,pressure,pain,outcome\n1,60,1,0\n2,6"0",1,0\n3,60,1,0\n')
  const found = await findings(CSV_ROWS, file, readingOf(tableOf()))
  t.deepEqual(brief(found), [
    [1, 60, 1, 0, 'class 0'],
    'in line 3, a quote stands inside of a cell that is not quoted. Quote the cell and write "" for the quote.',
  ])
})

test('the first finding has the SHA-256 of the file, and no other one', async t => {
  const text = 'age,pressure,pain,outcome\n1,60,1,0\n2,60,1,0\n'
  const sum = createHash('sha256').update(text).digest('hex')
  for (const contract of [null, tableOf(), tableOf({ label: 'none' })]) {
    const found = await findings(CSV_ROWS, openedFile('folder/a.csv', text), readingOf(contract))
    t.is(found[0]!.sha256, sum)
    t.true(found.slice(1).every(finding => finding.sha256 === undefined))
    t.true(found.every(({ file }) => file === 'folder/a.csv'))
  }
})

test('without a contract a file is one finding', async t => {
  const found = async (text: string) => brief(await findings(CSV_ROWS, openedFile('a.csv', text), readingOf(null)))
  t.deepEqual(await found('x,y\n1,2\n3,4\n'), [null])
  t.deepEqual(await found('x,y\n1,2\n3\n'), [
    'row 2: it has 1 columns, and the first row 2; quote cells with separators.',
  ])
})

test('columns that do not match are one finding that names those that are missing and those that are there', async t => {
  const reason = async (text: string) =>
    brief(await findings(CSV_ROWS, openedFile('a.csv', text), readingOf(tableOf())))
  t.deepEqual(await reason('age,Pressure,outcome,x\n1,2,0,3\n2,3,0,3\n'), [
    'it has no column "pressure", "pain"; its first line has "age", "Pressure", "outcome" and 1 other columns. Rename or add the columns.',
  ])
  t.deepEqual(await reason('age,pressure,pain,outcome,age\n1,2,0,3,1\n'), [
    'it has the column "age" twice. Remove or rename one.',
  ])
  const many = Array.from({ length: 30 }, (_, at) => `c${at}`).join()
  t.regex(String(await reason(`${many}\n`)), /; its first line has 30 other columns\. Rename/)
})

test('a first line of values is not shown as names', async t => {
  for (const line of ['63.0,1.0,1.0,145.0', 'Smith,63,f,2020-01-01', 'Smith,Anna,f,ill']) {
    const found = await findings(CSV_ROWS, openedFile('a.csv', `${line}\n`), readingOf(tableOf()))
    t.deepEqual(brief(found), [
      'it has no column "age", "pressure", "pain", "outcome"; its first line has 4 other columns. Rename or add the columns.',
    ])
  }
})

test('a quote that is not closed, a row without an end and a million columns end early, in bounded memory', async t => {
  const bytes = 50 * 2 ** 20
  const cases: [head: string, filler: string, reason: RegExp][] = [
    ['x,y\n"', 'a,b\n', /^a quote that opens in line 2 is not closed within/],
    ['x,y\n1,', 'a', new RegExp(`^line 2 has more than ${CSV_ROW_BYTES_MAX} bytes`)],
    ['x,y\n', ',', new RegExp(`^line 2 has more than ${FILE_COLUMNS_MAX} columns`)],
    ['', 'a,', new RegExp(`^line 1 has more than ${FILE_COLUMNS_MAX} columns`)],
  ]
  for (const [head, filler, reason] of cases) {
    const before = process.memoryUsage().rss
    const error = await t.throwsAsync(rowsOf(endlessFile('a.csv', head, filler, bytes)))
    t.regex(error!.message, reason)
    t.true(process.memoryUsage().rss - before < 2 ** 27, head)
  }
})

test('a reader that stops early closes the file', async t => {
  let closed = false
  const file = openedFile('a.csv', 'x,y\n1,2\n3,4\n')
  const stream = async function* () {
    try {
      for (;;) yield Buffer.from('1,2\n')
    } finally {
      closed = true
    }
  }
  let streams = 0
  const counted = { ...file, stream: () => (streams++ === 0 ? file.stream() : stream()) }
  for await (const _ of csvRows(counted, all)) break
  t.true(closed)
})

test('an error of the disk is thrown', async t => {
  const file = openedFile('a.csv', 'x,y\n1,2\n')
  let streams = 0
  const stream = async function* () {
    yield Buffer.from('x,y\n')
    throw Object.assign(new Error('EIO: read'), { code: 'EIO' })
  }
  const broken = { ...file, stream: () => (streams++ < 1 ? file.stream() : stream()) }
  await t.throwsAsync(rowsOf(broken), { code: 'EIO' })
})
