// Claims of templates: each is a spec without hospitals whose study is in order, keeps its promise without a warning and
// fits a common machine; what a founder says replaces what it says; its contract reads its sample data.

import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { findingsOf } from '../../../node/datasets/read-source.ts'
import { OperatorError } from '../../../node/errors.ts'
import { requireSoundPromise } from '../../../node/privacy/caps.ts'
import { passingDoor } from '../../../node/privacy/patient-door.ts'
import { parseHospital } from '../../../node/study/hospital-text.ts'
import { documentOfSpec, parseStudySpec } from '../../../node/study/study-spec.ts'
import {
  plannedHospitals,
  readTemplate,
  readTemplateText,
  TEMPLATE_NAMES,
  templateFile,
} from '../../../node/study/templates.ts'
import { equalShare, requireCapacity } from '../../../node/training/needs.ts'
import { decodeStudy, encodeStudy } from '../../../protocols/study/document.ts'
import { sampleFolder, writeSample } from '../../../sim/templates/sample.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const ROOT = join(import.meta.dirname, '../../..')
const MACHINE = { memoryBytes: 8e9, diskBytes: 20e9 }
const PEER = plannedHospitals(1)[0]!.peer
const hospitals = plannedHospitals(4)

for (const name of TEMPLATE_NAMES) {
  test(`${name}: four hospitals have a study that is in order, without a warning, on a machine with 8 GB`, async t => {
    const spec = await readTemplate(name, { hospitals })
    const { document, plan } = documentOfSpec(spec, { created: '2026-01-01T00:00:00Z', file: name })
    t.deepEqual(decodeStudy(encodeStudy(document)), document)
    t.deepEqual(plan.warnings, [])
    t.is(document.privacy.epsilon, 8)
    t.is(document.unit, document.contract.patients ? 'patient' : 'record')
    t.notThrows(() => requireSoundPromise(document))
    t.notThrows(() => requireCapacity(document, equalShare(document), MACHINE))
    t.true(document.name.includes(`(template ${name} 1)`))
  })

  test(`${name}: its comments say how its settings were chosen`, async t => {
    const text = await readTemplateText(name)
    t.regex(text, /^# Settings were chosen on /m)
    t.regex(text, /AUC/)
    t.false(text.includes('[[hospital]]'))
  })

  const data = process.env['CONFRERE_DATA']
  const there = data !== undefined && existsSync(join(data, sampleFolder(name)))
  const sample = there ? test : test.skip
  sample(
    `${name}: its contract reads its sample data, with records of each class to train and to measure on`,
    async t => {
      const root = await temporaryFolder(t)
      await mkdir(join(root, 'sample'))
      const [files] = await writeSample(name, { data: data!, root: join(root, 'sample') })
      const { contract } = await readTemplate(name)
      const found = new Map<string, Set<number>>()
      for await (const finding of findingsOf(files!, { contract, door: passingDoor() })) {
        if (!finding.ok) {
          t.regex(finding.reason, /leaves such rows out/, finding.reason)
          continue
        }
        const { split, label, values, patient } = finding.record!
        t.is(
          values.length,
          contract.shape.reduce((product, length) => product * length, 1),
        )
        if (contract.patients) t.truthy(patient)
        found.set(split!, (found.get(split!) ?? new Set()).add(label))
      }
      t.deepEqual([...found.keys()].sort(), ['test', 'train'])
      for (const labels of found.values()) t.is(labels.size, contract.classes.length)
    },
  )
}

test('what a founder says replaces what a template says, and nothing else changes', async t => {
  const own = await readTemplate('heart-disease')
  const spec = await readTemplate('heart-disease', { units: 5000, epsilon: 3, delta: 1e-6, rounds: 7, hospitals })
  const { units, rounds, hospital, privacy, ...rest } = spec
  t.deepEqual({ units, rounds, hospital }, { units: 5000, rounds: 7, hospital: hospitals })
  t.deepEqual(privacy, { ...own.privacy, epsilon: 3, delta: 1e-6 })
  const { units: _, rounds: __, hospital: ___, privacy: ____, ...same } = own
  t.deepEqual(rest, same)
})

test('every file of the folder is a template, and the package has them', async t => {
  const files = await readdir(join(ROOT, 'node/templates'))
  t.deepEqual(files.sort(), TEMPLATE_NAMES.map(name => `${name}.toml`).sort())
  const { files: packed } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  t.true(packed.includes('node/templates'))
})

test('an unknown template, also one that is a path, is answered with the names of all', t => {
  for (const name of ['chest', '../examples/config', '']) {
    const error = t.throws(() => templateFile(name), { instanceOf: OperatorError, code: 'unknown-template' })
    for (const known of TEMPLATE_NAMES) t.true(error.hint.includes(known))
  }
})

test('a template has no hospitals, and a spec needs some', async t => {
  const text = await readTemplateText('tabular')
  const table = `\n[[hospital]]\nname = "A"\npeer = "${PEER}"\n`
  const file = 'tabular.toml'
  t.deepEqual(parseStudySpec(text, file, { hospitals: 'later' }).hospital, [])
  t.throws(() => parseStudySpec(text + table, file, { hospitals: 'later' }), { code: 'config-invalid' })
  t.is(parseStudySpec(text + table, file, { hospitals: 'there' }).hospital.length, 1)
  t.throws(() => parseStudySpec(text, file, { hospitals: 'there' }), { code: 'config-invalid' })
})

test('a hospital is its name, its peer id and, where it is known, its address', t => {
  t.deepEqual(parseHospital(`Hospital A=${PEER}`), { name: 'Hospital A', peer: PEER, addresses: [] })
  const address = '/dns4/a.example/tcp/7419'
  t.deepEqual(parseHospital(`A=${PEER}@${address}`), { name: 'A', peer: PEER, addresses: [address] })
  for (const wrong of [
    '',
    'A',
    PEER,
    `=${PEER}`,
    'A=',
    'A=12D3',
    `A=${PEER}@`,
    `A=${PEER}@a.example:7419`,
    ` A=${PEER}`,
  ]) {
    const error = t.throws(() => parseHospital(wrong), { instanceOf: OperatorError, code: 'bad-hospital' }, wrong)
    t.regex(error.hint, /NAME=PEER/)
  }
})
