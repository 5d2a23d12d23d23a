// Claims of the Parquet reader: values of every type, encoding and codec read back exactly; what is no single value is
// refused by name; a file that lies or is cut short is refused in bounded memory and time.
import { gzipSync } from 'node:zlib'
import test from 'ava'
import fc from 'fast-check'
import { FOOTER_BYTES_MAX, GROUP_ROWS_MAX } from '../../../../node/datasets/rows/limits.ts'
import { parquetRows } from '../../../../node/datasets/rows/parquet-rows.ts'
import { CSV_ROWS, PARQUET_ROWS } from '../../../../node/datasets/rows/rows-reader.ts'
import { brief, findings, openedFile, readingOf, tableOf } from './files.ts'
import { CODEC, CONVERTED, parquetFile, struct, TYPE, type WrittenColumn } from './parquet-files.ts'

async function cellsOf(
  bytes: Uint8Array,
  choose: (columns: readonly string[]) => readonly number[] | null = () => null,
) {
  const cells: unknown[] = []
  for await (const row of parquetRows(openedFile('a.parquet', bytes), { choose }))
    cells.push('cells' in row ? row.cells : row)
  return cells
}

const TABLE_COLUMNS: WrittenColumn[] = [
  { name: 'age', type: TYPE.double, optional: true, values: [63.5, null, 2] },
  { name: 'pressure', type: TYPE.int64, values: [120n, 130n, 140n] },
  { name: 'pain', type: TYPE.bytes, converted: CONVERTED.utf8, values: ['typical', '1', '1.0'] },
  { name: 'outcome', type: TYPE.int32, values: [0, 1, 1] },
]

for (const [name, codec] of Object.entries(CODEC)) {
  for (const dictionary of [false, true]) {
    test.serial(
      `${name}, ${dictionary ? 'dictionary' : 'plain'}: the records are those of the same table as CSV`,
      async t => {
        const columns = TABLE_COLUMNS.map(column => ({ ...column, dictionary }))
        const bytes = parquetFile({ codec, groups: [columns, columns] })
        t.true(PARQUET_ROWS.takes('any name', bytes.subarray(0, 1024)))
        const found = brief(await findings(PARQUET_ROWS, openedFile('a.parquet', bytes), readingOf(tableOf())))
        const rows = '63.5,120,typical,0\n,130,1,1\n2,140,1.0,1\n'
        const csv = openedFile('a.csv', `age,pressure,pain,outcome\n${rows}${rows}`)
        t.deepEqual(found, brief(await findings(CSV_ROWS, csv, readingOf(tableOf()))))
        t.is(found.length, 6)
      },
    )
  }
}

/** The writer's dictionaries hold 0 and -0 as one. */
const positiveZero = (value: number): number => value + 0

test.serial('values read back, whatever they are', async t => {
  const column = (name: string, type: number, value: fc.Arbitrary<WrittenColumn['values'][number]>, rest = {}) =>
    fc.tuple(fc.boolean(), fc.boolean()).chain(([dictionary, optional]) =>
      fc.array(optional ? fc.option(value) : value, { minLength: 9, maxLength: 9 }).map(values => ({
        ...{ name, type: type as WrittenColumn['type'], values, optional, ...rest },
        dictionary: dictionary && type !== TYPE.boolean,
      })),
    )
  const table = fc.tuple(
    column('boolean', TYPE.boolean, fc.boolean()),
    column('int32', TYPE.int32, fc.integer()),
    column('int64', TYPE.int64, fc.bigInt({ min: -(2n ** 53n) + 1n, max: 2n ** 53n - 1n })),
    column('float', TYPE.float, fc.float({ noNaN: true }).map(positiveZero)),
    column('double', TYPE.double, fc.double({ noNaN: true }).map(positiveZero)),
    column('text', TYPE.bytes, fc.string({ unit: 'grapheme' }), { converted: CONVERTED.utf8 }),
  )
  await fc.assert(
    fc.asyncProperty(table, fc.constantFrom(...Object.values(CODEC)), async (columns, codec) => {
      const cells = await cellsOf(parquetFile({ groups: [columns], codec }))
      const wanted = Array.from({ length: 9 }, (_, at) =>
        columns.map(({ values }) => (typeof values[at] === 'bigint' ? Number(values[at]) : values[at])),
      )
      t.deepEqual(cells, wanted)
    }),
    { numRuns: 12 },
  )
})

test.serial('whole numbers beyond 2^53 are texts, unsigned ones have no sign, decimals have their point', async t => {
  const columns: WrittenColumn[] = [
    { name: 'a', type: TYPE.int64, values: [2n ** 53n + 1n, -(2n ** 63n)] },
    { name: 'b', type: TYPE.int32, converted: CONVERTED.uint32, values: [-1, 7] },
    { name: 'c', type: TYPE.int64, converted: CONVERTED.uint64, values: [-1n, 7n] },
    { name: 'd', type: TYPE.int32, converted: CONVERTED.decimal, scale: 2, precision: 9, values: [-1205, 3] },
    {
      name: 'e',
      type: TYPE.fixed,
      typeBytes: 2,
      converted: CONVERTED.decimal,
      scale: 1,
      precision: 4,
      values: [Uint8Array.of(0xff, 0xfe), Uint8Array.of(1, 0)],
    },
  ]
  t.deepEqual(await cellsOf(parquetFile({ groups: [columns] })), [
    ['9007199254740993', 4294967295, '18446744073709551615', -12.05, -0.2],
    ['-9223372036854775808', 7, 7, 0.03, 25.6],
  ])
})

test.serial('a column of no single values is refused by its name where it is wanted, and else passed over', async t => {
  const plain: WrittenColumn = { name: 'x', type: TYPE.int32, values: [1] }
  const cases: [column: WrittenColumn, why: RegExp][] = [
    [
      { ...plain, name: 'when', type: TYPE.int64, values: [1n], converted: CONVERTED.timestampMillis },
      /"when" holds dates or times \(TIMESTAMP_MILLIS\)/,
    ],
    [{ ...plain, name: 'day', converted: CONVERTED.date }, /"day" holds dates or times \(DATE\)/],
    [{ name: 'old', type: TYPE.int96, values: [new Uint8Array(12)] }, /"old" holds dates or times \(INT96\)/],
    [
      { name: 'raw', type: TYPE.fixed, typeBytes: 3, values: [new Uint8Array(3)] },
      /"raw" holds values of the type FIXED_LEN_BYTE_ARRAY/,
    ],
    [
      { ...plain, name: 'sum', type: TYPE.int64, values: [1n], converted: CONVERTED.decimal, precision: 18, scale: 2 },
      /"sum" holds decimals of more than 15 digits/,
    ],
  ]
  for (const [column, why] of cases) {
    const bytes = parquetFile({ groups: [[plain, column]] })
    t.deepEqual(await cellsOf(bytes), [[1]])
    t.regex((await t.throwsAsync(cellsOf(bytes, () => [1])))!.message, why)
  }
  const nested = parquetFile({ groups: [[plain]], list: 'many' })
  t.deepEqual(await cellsOf(nested), [[1]])
  t.regex((await t.throwsAsync(cellsOf(nested, () => [1])))!.message, /"many" holds lists or structures/)
})

test.serial(
  'decimals in bytes have their point, and an encoding of levels says nothing where there are none',
  async t => {
    const decimal = { converted: CONVERTED.decimal, scale: 1, precision: 4 }
    const columns: WrittenColumn[] = [
      {
        name: 'a',
        type: TYPE.bytes,
        ...decimal,
        values: [Uint8Array.of(0xff, 0xfe), Uint8Array.of(3)],
        dictionary: true,
      },
      { name: 'b', type: TYPE.int32, values: [1, 2], lies: { levelEncoding: 4 } },
    ]
    t.deepEqual(await cellsOf(parquetFile({ groups: [columns] })), [
      [-0.2, 1],
      [0.3, 2],
    ])
    const levels = parquetFile({ groups: [[{ ...columns[1]!, optional: true }]] })
    t.regex((await t.throwsAsync(cellsOf(levels)))!.message, /an encoding that is not read/)
  },
)

test.serial('bytes that nothing calls a text are passed over, and read where they are wanted and UTF-8', async t => {
  const bytes = (value: Uint8Array | string) =>
    parquetFile({ groups: [[{ name: 'x', type: TYPE.bytes, values: [value] }]] })
  t.deepEqual(await cellsOf(bytes(Uint8Array.of(0xff))), [[]])
  t.regex((await t.throwsAsync(cellsOf(bytes(Uint8Array.of(0xff)), () => [0])))!.message, /not in UTF-8/)
  t.deepEqual(await cellsOf(bytes('a'), () => [0]), [['a']])
})

test.serial('a file without rows is said to have none', async t => {
  const columns = TABLE_COLUMNS.map(column => ({ ...column, values: [], lies: { start: 2 ** 33 } }))
  const found = await findings(
    PARQUET_ROWS,
    openedFile('a.parquet', parquetFile({ groups: [columns] })),
    readingOf(tableOf()),
  )
  t.deepEqual(brief(found), ['it holds no rows.'])
})

test.serial('columns that do not match are one finding', async t => {
  const bytes = parquetFile({
    groups: [[TABLE_COLUMNS[0]!, { name: '2h-glucose', type: TYPE.int32, values: [1, 2, 3] }]],
  })
  const found = await findings(PARQUET_ROWS, openedFile('a.parquet', bytes), readingOf(tableOf()))
  t.deepEqual(brief(found), [
    'it has no column "pressure", "pain", "outcome"; it has "age", "2h-glucose". Rename or add the columns.',
  ])
  t.is(found[0]!.sha256!.length, 64)
})

test.serial('a file that is cut at any place is refused, or never read as something else', async t => {
  const columns = TABLE_COLUMNS.map(column => ({
    ...column,
    values: Array.from({ length: 300 }, (_, at) => column.values[at % 3]!),
  }))
  const bytes = parquetFile({ groups: [columns, columns], codec: CODEC.gzip })
  for (let length = 0; length < bytes.length; length += 97) {
    const [found, ...more] = await findings(
      PARQUET_ROWS,
      openedFile('a.parquet', bytes.subarray(0, length)),
      readingOf(null),
    )
    t.true(more.length === 0 && !found!.ok && /cut short/.test(found!.reason), `${length}`)
  }
})

test.serial('a footer that lies is refused', async t => {
  const groups = [TABLE_COLUMNS]
  const lying = (lies: WrittenColumn['lies']) => parquetFile({ groups: [[{ ...TABLE_COLUMNS[1]!, lies: lies! }]] })
  const deep = Buffer.alloc(1 << 20, 0x1c)
  const wide = Buffer.concat([Buffer.from([0x19, 0xf5, 0xff, 0xff, 0xff, 0xff, 0x07]), Buffer.alloc(1 << 20)])
  const cases: [bytes: Uint8Array, reason: RegExp][] = [
    [parquetFile({ groups, lies: { footerBytes: 0xffffffff } }), new RegExp(`more than ${FOOTER_BYTES_MAX}`)],
    [parquetFile({ groups, lies: { footerBytes: 1 << 20 } }), /its footer is longer than the file/],
    [parquetFile({ groups, lies: { footerBytes: 0 } }), /it is damaged/],
    [parquetFile({ groups, lies: { footer: deep } }), /it is damaged/],
    [parquetFile({ groups, lies: { footer: wide } }), /it is damaged|stops the decoder/],
    [parquetFile({ groups, lies: { footer: struct([]) } }), /it is damaged/],
    [parquetFile({ groups, lies: { rows: 2 ** 40 } }), new RegExp(`more than ${GROUP_ROWS_MAX}`)],
    [parquetFile({ groups, lies: { rows: -1 } }), /a row group has -1 rows/],
    [parquetFile({ groups, lies: { rows: 4 } }), /a column ends before its last page/],
    [parquetFile({ groups, lies: { rows: 2 } }), /more or fewer values than rows/],
    [lying({ start: 2 ** 40 }), /a column lies outside of the file/],
    [lying({ start: 1 }), /a column lies outside of the file/],
    [lying({ inflated: 2 ** 40 }), /a column of a row group has more than/],
  ]
  for (const [bytes, reason] of cases) {
    const [found] = await findings(PARQUET_ROWS, openedFile('a.parquet', bytes), readingOf(null))
    t.true(!found!.ok && reason.test(found!.reason), JSON.stringify(found))
  }
})

test.serial('a page that lies is refused, bombs in bounded memory', async t => {
  const base: WrittenColumn = { name: 'x', type: TYPE.int64, values: [1n, 2n, 3n] }
  const run = Buffer.from([1, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0])
  const bomb = gzipSync(Buffer.alloc(2 ** 28))
  const cases: [column: WrittenColumn, codec: number, reason: RegExp][] = [
    [{ ...base, lies: { pageValues: 2 ** 31 - 1 } }, CODEC.none, /more or fewer values/],
    [{ ...base, lies: { pageValues: -1 } }, CODEC.none, /more or fewer values/],
    [{ ...base, lies: { pageBytes: 2 ** 31 - 1 } }, CODEC.gzip, /more than \d+ bytes in the column "x"/],
    [{ ...base, lies: { stored: bomb } }, CODEC.gzip, /it is damaged/],
    [{ ...base, lies: { stored: Buffer.from('no gzip') } }, CODEC.gzip, /it is damaged/],
    [{ ...base, lies: { crc: 1 } }, CODEC.none, /the CRC-32 of a page/],
    [{ ...base, lies: { encoding: 4 } }, CODEC.none, /an encoding that is not read/],
    [{ ...base, lies: { encoding: 8 } }, CODEC.none, /a dictionary is missing/],
    [{ ...base, dictionary: true, lies: { page: run } }, CODEC.none, /it is damaged|stops the decoder/],
    [{ ...base, dictionary: true, lies: { page: Buffer.from([8, 6, 200]) } }, CODEC.none, /not in its dictionary/],
    [{ ...base, lies: { page: Buffer.alloc(3) } }, CODEC.none, /it is damaged/],
    [
      {
        name: 'x',
        type: TYPE.bytes,
        converted: CONVERTED.utf8,
        values: ['a', 'b', 'c'],
        lies: { page: Buffer.alloc(12, 0xff) },
      },
      CODEC.none,
      /it is damaged/,
    ],
    [
      { name: 'x', type: TYPE.bytes, converted: CONVERTED.utf8, values: [Uint8Array.of(0xff)] },
      CODEC.none,
      /not in UTF-8/,
    ],
  ]
  for (const [column, codec, reason] of cases) {
    const before = process.memoryUsage().rss
    const bytes = parquetFile({ groups: [[column]], codec: codec as never })
    const [found] = await findings(PARQUET_ROWS, openedFile('a.parquet', bytes), readingOf(null))
    t.true(!found!.ok && reason.test(found!.reason), `${reason}: ${JSON.stringify(found)}`)
    t.true(process.memoryUsage().rss - before < 2 ** 31)
  }
})

test.serial('a byte that changed gives values or a reason, never an exception', async t => {
  const bytes = parquetFile({
    groups: [TABLE_COLUMNS.map(column => ({ ...column, dictionary: true }))],
    codec: CODEC.snappy,
  })
  const change = fc.record({ at: fc.nat(bytes.length - 1), to: fc.nat(255) })
  await fc.assert(
    fc.asyncProperty(change, async ({ at, to }) => {
      const changed = Buffer.from(bytes)
      changed[at] = to
      const found = await findings(PARQUET_ROWS, openedFile('a.parquet', changed), readingOf(tableOf()))
      t.true(found.length <= 4)
    }),
    { numRuns: 25 },
  )
})

test.serial('an encrypted file is named as such', async t => {
  const bytes = Buffer.from('PARE....PARE')
  t.true(PARQUET_ROWS.takes('x', bytes))
  const found = await findings(PARQUET_ROWS, openedFile('a.parquet', bytes), readingOf(null))
  t.deepEqual(brief(found), ['it is encrypted. Write it without encryption.'])
})

test.serial('other files are not taken', t => {
  t.false(PARQUET_ROWS.takes('a.parquet', Buffer.from('PK\x03\x04')))
  for (const name of ['a.csv', 'folder/A.TSV', 'x.tab', 'processed.va.data'])
    t.true(CSV_ROWS.takes(name, new Uint8Array()))
  for (const name of ['README.txt', 'a.csv.gz', 'csv', 'a.parquet']) t.false(CSV_ROWS.takes(name, new Uint8Array()))
})
