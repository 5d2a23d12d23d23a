// Claims of the commands with templates: a printed template is a spec to edit, a founder's options make a study of one,
// what is missing is named, a plan shows its size, and settings are tried on public records without a study.

import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { EXIT } from '../../../../node/errors.ts'
import { parseStudySpec } from '../../../../node/study/study-spec.ts'
import { plannedHospitals, TEMPLATE_NAMES } from '../../../../node/study/templates.ts'
import { fails, works } from '../../../helpers/cli.ts'
import { temporaryFolder } from '../../../helpers/temporary-folder.ts'

test('a founder makes a study of a template, or prints it and edits it', async t => {
  const root = await temporaryFolder(t)
  const [folder, study, spec, edited] = ['node', 'a.study', 'spec.toml', 'b.study'].map(name => join(root, name))
  await works(t, 'init', '--data', folder!, '--site', 'A')
  const founder = (await works(t, 'id', '--data', folder!)).trim()
  const peers = [founder, ...plannedHospitals(3).map(({ peer }) => peer)]
  const hospitals = peers.flatMap((peer, at) => [
    '--hospital',
    `H ${at}=${peer}${at === 0 ? '@/ip4/192.0.2.7/tcp/7419' : ''}`,
  ])
  const base = ['study', 'new', '--template', 'heart-disease']
  const target = ['--out', study!, '--data', folder!]
  const made = JSON.parse(await works(t, ...base, ...hospitals, '--units', '500', '--rounds', '3', ...target, '--json'))
  t.is(made.document.units, 500)
  t.is(made.document.hospitals.length, 4)
  t.deepEqual(made.document.schedule, [{ kind: 'training', rounds: 3 }])
  t.true(made.document.hospitals.some(({ addresses }: { addresses: string[] }) => addresses.length === 1))

  await writeFile(spec!, await works(t, ...base, '--print'))
  await appendFile(spec!, peers.map((peer, at) => `[[hospital]]\nname = "H ${at}"\npeer = "${peer}"\n`).join(''))
  const same = JSON.parse(await works(t, 'study', 'new', spec!, '--out', edited!, '--data', folder!, '--json'))
  t.deepEqual(same.document.contract, made.document.contract)

  for (const [wrong, words] of [
    [[...base, ...target], /--hospital NAME=PEER/],
    [[...base, ...hospitals, '--out', study!], /--data/],
    [[...base, ...hospitals, '--data', folder!], /--out/],
    [['study', 'new', ...target], /--template NAME/],
    [['study', 'new', spec!, '--template', 'tabular', ...target], /--template NAME/],
    [['study', 'new', spec!, '--rounds', '3', ...target], /--rounds goes with a template/],
    [['study', 'new', spec!, '--print'], /--template NAME --print/],
    [['study', 'new', '--template', 'chest', '--print'], new RegExp(TEMPLATE_NAMES.join(', '))],
    [[...base, '--hospital', 'A', ...target], /NAME=PEER/],
  ] as const) {
    t.regex(await fails(t, EXIT.usage, ...wrong), words)
  }
})

test('a plan of a template has its size, and options stand instead of it', async t => {
  const plan = async (...more: string[]) =>
    JSON.parse(await works(t, 'study', 'plan', '--template', 'heart-disease', ...more, '--json'))
  const own = await plan()
  t.like(own, { records: 740, hospitals: 4, epsilon: 8, delta: 1e-4, parameters: 32, colluders: 1 })
  t.deepEqual(
    own.rows.map(({ rounds, sampleRate }: { rounds: number; sampleRate: number }) => [rounds, sampleRate]),
    [[40, 1]],
  )
  t.like(await plan('--records', '2000', '--hospitals', '7', '--epsilon', '3', '--rounds', '10'), {
    ...{ records: 2000, hospitals: 7, epsilon: 3 },
  })
  t.regex(await fails(t, EXIT.usage, 'study', 'plan', '--records', '10'), /--spec or --template/)
  t.regex(await fails(t, EXIT.usage, 'study', 'plan', '--rehearse', 'x'), /spec or a template/)
})

test('settings of a template are tried on public rows, best first', async t => {
  const file = join(await temporaryFolder(t), 'public.data')
  const rows = Array.from({ length: 60 }, (_, at) =>
    at % 2 === 0 ? '35,0,2,110,180,0,0,180,0,0,1,0,3,0' : '65,1,4,160,320,1,2,100,1,3,2,2,7,1',
  )
  await writeFile(file, rows.join('\n'))
  const grid = ['--folds', '2', '--learning-rates', '0.000001,2', '--clipping-norms', '2', '--rounds', '5']
  const command = [
    'study',
    'plan',
    '--template',
    'heart-disease',
    '--records',
    '60',
    '--delta',
    '1e-3',
    '--rehearse',
    file,
  ]
  const out = `${file}.toml`
  const { rows: tried, records } = JSON.parse(await works(t, ...command, ...grid, '--json', '--out', out))
  t.is(records, 60)
  t.is(tried.length, 2)
  t.true(
    tried[0].auc.every((auc: number) => auc > 0.9),
    JSON.stringify(tried),
  )
  const text = await works(t, ...command, ...grid)
  const spec = parseStudySpec(await readFile(out, 'utf8'), out, { hospitals: 'later' })
  t.like(spec, { rounds: 5, units: 60 })
  t.is(spec.optimizer.learningRate, tried[0].learningRate)
  t.is(spec.privacy.delta, 1e-3)
  t.regex(text, /No record of the study was read, and no\s+epsilon was spent/)
})
