// Claims of node/training/needs.ts: what a study needs is known from its document; what cannot fit is refused, with a
// setting that does fit when it is followed; what fits is not refused.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import type { OperatorError } from '../../../node/errors.ts'
import { thisMachine } from '../../../node/training/machine.ts'
import {
  equalShare,
  type Machine,
  needsOf,
  needsText,
  type RecordCounts,
  requireCapacity,
} from '../../../node/training/needs.ts'
import { validateStudy } from '../../../protocols/study/document.ts'
import type { ModelSpec } from '../../../protocols/study/models/list.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { images } from './engines.ts'

const AMPLE: Machine = { memoryBytes: 1e15, diskBytes: 1e15 }
const SCATTERING: ModelSpec = { preset: 'scattering', scales: 2, angles: 8, cell: 4 }

function study(side: number, model: ModelSpec, records = 4000): StudyDocument {
  return testStudy(testSigners(4), { units: records, contract: images([side, side, 1]), model })
}

/** The document with the setting that a hint names. */
function followed(document: StudyDocument, hint: string): StudyDocument | null {
  const found = /(model|contract)\.(\w+) = (\S.*?) would fit here/.exec(hint)
  if (found === null) return null
  const [, part, key, value] = found as unknown as [string, 'model' | 'contract', string, string]
  return validateStudy({ ...document, [part]: { ...document[part], [key]: JSON.parse(value) } })
}

const counts = (count: number): RecordCounts => ({ count, distinct: count })

function refusal(document: StudyDocument, records: number, machine: Machine): OperatorError | null {
  try {
    requireCapacity(document, counts(records), machine)
    return null
  } catch (error) {
    return error as OperatorError
  }
}

const someModel: fc.Arbitrary<ModelSpec> = fc.oneof(
  fc.record({
    preset: fc.constant('scattering' as const),
    scales: fc.integer({ min: 1, max: 3 }),
    angles: fc.integer({ min: 1, max: 8 }),
    cell: fc.constantFrom(1, 2, 4, 8, 16),
  }),
  fc.record({
    preset: fc.constant('cnn' as const),
    filters: fc.array(fc.constantFrom(8, 16, 32, 64), { minLength: 1, maxLength: 3 }),
    groups: fc.constantFrom(1, 4, 8),
  }),
  fc.record({
    preset: fc.constant('mlp' as const),
    units: fc.array(fc.integer({ min: 1, max: 512 }), { minLength: 1 }),
  }),
  fc.constant({ preset: 'logistic' as const }),
)

test('whatever is refused, the setting that is named fits; whatever fits is not refused', t => {
  let hints = 0
  fc.assert(
    fc.property(
      fc.constantFrom(16, 32, 64, 224, 512),
      someModel,
      fc.integer({ min: 0, max: 20_000 }),
      fc.record({
        memoryBytes: fc.double({ min: 3e8, max: 4e9, noNaN: true }),
        diskBytes: fc.double({ min: 1e6, max: 1e10, noNaN: true }),
      }),
      (side, model, records, machine) => {
        let document: StudyDocument
        try {
          document = study(side, model)
        } catch {
          // not every model fits images of every size
          return
        }
        const refused = refusal(document, records, machine)
        const { memoryBytes, diskBytes } = needsOf(document, counts(records))
        if (memoryBytes > machine.memoryBytes || diskBytes > machine.diskBytes) t.not(refused, null)
        if (refused === null) return
        t.regex(refused.code, /^not-enough-(memory|disk)$/)
        const other = followed(document, refused.hint)
        if (other === null) return t.regex(refused.hint, /No setting of this model would fit here/)
        hints += 1
        t.is(refusal(other, records, machine), null, refused.hint)
      },
    ),
    { numRuns: 500 },
  )
  t.true(hints > 20)
})

test('scattering at 224 pixels: what it needs, and what it takes to fit a small machine', t => {
  const document = study(224, SCATTERING, 4800)
  const needs = needsOf(document, equalShare(document))
  t.is(needs.records, 1200)
  // features of 254,016 float32 a record
  t.true(needs.diskBytes > 1200 * 254_016 * 4 && needs.diskBytes < 1.2 * 1200 * 254_016 * 4)
  t.true(needs.startSeconds > 600 && needs.startSeconds < 4000)
  t.regex(
    needsText(needs, 'an equal share'),
    /^for 1200 records \(an equal share\) about 7\d\d MB of memory, 1\.\d GB of disk, and on one core \d+ min before/,
  )
  t.notThrows(() => requireCapacity(document, counts(1200), { memoryBytes: 2e9, diskBytes: 2e9 }))
  const small = { memoryBytes: 6e8, diskBytes: 1e12 }
  const refused = t.throws(() => requireCapacity(document, counts(1200), small)) as OperatorError
  t.is(refused.code, 'not-enough-memory')
  t.is(refusal(followed(document, refused.hint)!, 1200, small), null)
  const full = t.throws(() =>
    requireCapacity(document, counts(1200), { memoryBytes: 1e12, diskBytes: 1e9 }),
  ) as OperatorError
  t.is(full.code, 'not-enough-disk')
  t.regex(full.hint, /^Make room .* model\.cell = \d+ would fit here/)
})

test('a record that the engine cannot address is refused on any machine', t => {
  const document = testStudy(testSigners(4), {
    contract: images([1024, 1024, 1]),
    model: { preset: 'cnn', filters: [512, 8, 8, 8, 8], groups: 1 },
  })
  t.is(refusal(document, 10, AMPLE)?.code, 'not-enough-memory')
})

test('needs grow with records, and a hospital without records is a node all the same', t => {
  const document = study(64, SCATTERING)
  const [none, some, more] = [0, 100, 200].map(records => needsOf(document, counts(records))) as [
    ReturnType<typeof needsOf>,
    ReturnType<typeof needsOf>,
    ReturnType<typeof needsOf>,
  ]
  for (const key of ['memoryBytes', 'diskBytes', 'startSeconds', 'roundSeconds'] as const) {
    t.true(Number.isFinite(none[key]) && none[key] >= 0)
    t.true(none[key] < some[key] && some[key] < more[key], key)
  }
  t.true(none.memoryBytes > 2e8)
})

test('records on disk take no memory, those of an archive as much as their values do', t => {
  const document = study(64, SCATTERING)
  const memoryOf = (valueBytes?: number) =>
    needsOf(document, { ...counts(1000), ...(valueBytes !== undefined && { valueBytes }) }).memoryBytes
  const size = 1000 * 64 * 64
  t.is(Math.round(memoryOf(4) - memoryOf(0)), 4 * size)
  t.is(memoryOf(), memoryOf(1), 'images are taken for 8-bit pixels before they were read')
})

test('images that stand there twice take memory, but neither disk nor time', t => {
  const document = study(64, SCATTERING)
  const [once, twice] = [
    { count: 100, distinct: 100 },
    { count: 200, distinct: 100 },
  ].map(one => needsOf(document, one))
  t.true(twice!.memoryBytes > once!.memoryBytes)
  t.is(twice!.diskBytes, once!.diskBytes)
  t.is(twice!.startSeconds, once!.startSeconds)
})

test('a node whose features are on disk already is not refused for the room that they take', async t => {
  const folder = await temporaryFolder(t)
  const study = join(folder, 'studies', 'id')
  const before = await thisMachine(folder, study)
  await mkdir(join(study, 'rounds'), { recursive: true })
  await writeFile(join(study, 'features'), Buffer.alloc(50e6, 1))
  await writeFile(join(study, 'rounds', 'more'), Buffer.alloc(10e6, 1))
  const [bare, counted] = [await thisMachine(folder), await thisMachine(folder, study)]
  t.true(counted.diskBytes - bare.diskBytes >= 60e6 - 1e6)
  t.true(Math.abs(counted.diskBytes - before.diskBytes) < 1e9, 'others write to this disk, too')
})
