// Claims of node/evaluation/readers.ts, person-list.ts and record-finder.ts: a person's list is held against the records by
// what names them; what does not fit is told by rows and never by what stands in them.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { OperatorError } from '../../../node/errors.ts'
import { readGrouping, readReadings } from '../../../node/evaluation/readers.ts'
import { type RecordFinder, recordFinder } from '../../../node/evaluation/record-finder.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const CONTRACT = { classes: ['normal', 'pneumonia'], labels: [['virus', 'pneumonia']] as [string, string][] }
const FILES = ['a/one.png', 'a/two.png', 'b/two.png', 'b/Müller.png'].map(file => ({ file, row: null }))
const byFile = recordFinder(FILES, false)
const SECRET = 'SCHMIDT^ANNA'

async function listed(t: ExecutionContext, text: string, name = 'list.csv'): Promise<string> {
  const path = join(await temporaryFolder(t), name)
  await writeFile(path, text)
  return path
}

async function refused(
  t: ExecutionContext,
  text: string,
  message: RegExp,
  finder: RecordFinder = byFile,
): Promise<void> {
  const path = await listed(t, text)
  const error = await t.throwsAsync(readReadings({ path, finder, count: 4 }, CONTRACT), { instanceOf: OperatorError })
  t.is(error.code, 'bad-readings')
  t.regex(error.message, message)
  t.notRegex(`${error.message} ${error.hint}`, /SCHMIDT/)
}

test('records are named by file, by file alone where that is one of them, by row, or by their place in an archive', t => {
  t.deepEqual(byFile.columns, ['file'])
  t.deepEqual(
    ['a/two.png', './b/two.png', 'b\\two.png', 'one.png', 'two.png', 'b/Mu\u0308ller.png', 'x/one.png', ''].map(name =>
      byFile.find([name]),
    ),
    [1, 2, 2, 0, null, 3, null, null],
  )
  const rows = recordFinder(
    [
      { file: '', row: 2 },
      { file: '', row: 5 },
    ],
    false,
  )
  t.deepEqual(rows.columns, ['row'])
  t.deepEqual(
    ['2', '05', '1', '-2', 'x', ''].map(row => rows.find([row])),
    [0, 1, null, null, null, null],
  )
  const tables = recordFinder(
    [
      { file: 'x.csv', row: 1 },
      { file: 'y.csv', row: 1 },
    ],
    false,
  )
  t.deepEqual(tables.columns, ['file', 'row'])
  t.deepEqual([tables.find(['x.csv', '1']), tables.find(['y.csv', '1']), tables.find(['y.csv', '2'])], [0, 1, null])
  const arrays = recordFinder(
    [
      { file: '', row: 0 },
      { file: '', row: 7 },
    ],
    true,
  )
  t.deepEqual([arrays.columns, arrays.find(['0']), arrays.find(['7']), arrays.find(['1'])], [['record'], 0, 1, null])
})

test('readings: classes by the study’s names and labels, columns in any order, semicolons, rows that name no record', async t => {
  const path = await listed(
    t,
    `class;Reader;FILE\nvirus;A;one.png\nnormal;B;one.png\nnormal;A;b/two.png\nnormal;A;${SECRET}\n`,
  )
  const { readers, unmatched } = await readReadings({ path, finder: byFile, count: 4 }, CONTRACT)
  t.deepEqual(
    readers.map(({ name, readings }) => [name, [...readings]]),
    [
      ['A', [1, -1, 0, -1]],
      ['B', [0, -1, -1, -1]],
    ],
  )
  t.deepEqual(unmatched, [4])
})

test('what does not fit is told by rows, without what stands in them', async t => {
  await refused(
    t,
    `reader,file,class\nA,one.png,${SECRET}\nA,a/two.png,normal\nA,b/two.png,${SECRET}\n`,
    /rows 1, 3: the class/,
  )
  await refused(t, `reader,file,class\nA,one.png,normal\nA,a/one.png,normal\n`, /row 2: .*read this record before/)
  await refused(t, `reader,file,class\n,one.png,normal\n`, /row 1: no reader/)
  await refused(t, `reader,file,class\nA,${SECRET},normal\n`, /none of its rows names/)
  await refused(t, `reader,${SECRET},class\nA,x,normal\n`, /no column "file"/)
  await refused(t, `reader,file,class,class\nA,one.png,normal,normal\n`, /"class" twice/)
  await refused(t, 'reader,file,class\n', /no rows/)
  await refused(t, `reader,file,class\nA,one.png,normal,${SECRET}\n`, /row 1: it has 4 columns/)
  await refused(t, `reader,file,class\nA,"${SECRET},normal\n`, /quote/)
  const many = Array.from({ length: 33 }, (_, at) => `R${at},one.png,normal\n`).join('')
  await refused(t, `reader,file,class\n${many}`, /more than 32 readers/)
})

test('any text is a list, or refused as an operator’s error', async t => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'any.csv')
  const cell = fc.oneof(
    fc.constantFrom('A', 'one.png', 'normal', 'pneumonia', '"', ',', ';', '\n', '\r', '\0', 'ü'),
    fc.string(),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(cell, { maxLength: 30 }), fc.boolean(), async (cells, headed) => {
      await writeFile(path, `${headed ? 'reader,file,class\n' : ''}${cells.join(',')}`)
      try {
        const { readers } = await readReadings({ path, finder: byFile, count: 4 }, CONTRACT)
        t.true(readers.every(({ readings }) => readings.every(reading => reading >= -1 && reading < 2)))
      } catch (error) {
        t.true(error instanceof OperatorError, String(error))
      }
    }),
    { numRuns: 60 },
  )
})

test('groups: what is not stated is null, two rows that differ are refused, and so are too many groups', async t => {
  const of = (path: string) => readGrouping({ path, finder: byFile, count: 4 }, 'sex')
  const path = await listed(t, 'file,sex\none.png,f\na/two.png,m\nb/two.png,\none.png,f\n')
  t.deepEqual(await of(path), { column: 'sex', groups: ['f', 'm', null, null] })
  const differing = await listed(t, 'file,sex\none.png,f\none.png,m\n')
  await t.throwsAsync(of(differing), { code: 'bad-readings', message: /row 2: another row says otherwise/ })
  const records = Array.from({ length: 20 }, (_, row) => ({ file: '', row }))
  const ages = await listed(t, `record,age\n${records.map(({ row }) => `${row},${row}\n`).join('')}`)
  await t.throwsAsync(readGrouping({ path: ages, finder: recordFinder(records, true), count: 20 }, 'age'), {
    code: 'bad-readings',
    message: /20 groups, at most 12 .*bands/,
  })
})
