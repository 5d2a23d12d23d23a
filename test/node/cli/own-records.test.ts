// Claims of node/cli/own-records.ts, through `confrere study approve`: records that do not fit a study are refused before
// anything is approved, with the error that `confrere start` gives.

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { ownRecordsLine } from '../../../node/cli/own-records.ts'
import { EXIT } from '../../../node/errors.ts'
import { storeApproved } from '../../../node/storage/approved-studies.ts'
import { loadIdentity } from '../../../node/storage/identity.ts'
import { readStudyFile } from '../../../node/storage/study-file.ts'
import { encodeNpz } from '../../../sim/demo/npy.ts'
import { drawPhantoms } from '../../../sim/demo/phantom.ts'
import { confrere, fails, freePort, works } from '../../helpers/cli.ts'
import { specText } from '../../helpers/study/study-spec.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const COUNT = 20
const { values, labels } = drawPhantoms({ count: COUNT, label: 'own records' })
const IMAGES = { values, shape: [COUNT, 28, 28] }
const LABELS = { values: labels, shape: [COUNT] }

/** A node without records, and a study of images that it is in. */
async function member(t: ExecutionContext) {
  const root = await temporaryFolder(t)
  const folders = ['a', 'b', 'c'].map(name => join(root, name))
  const port = ['--http-port', String(await freePort())]
  await Promise.all(folders.map(data => works(t, 'init', '--data', data, '--site', 'S', ...port)))
  const peers = await Promise.all(folders.map(async data => (await loadIdentity(data)).peer))
  const [spec, study] = [join(root, 'spec.toml'), join(root, 'spec.study')]
  await writeFile(spec, specText(peers, { shape: 'shape = [28, 28, 1]' }))
  await works(t, 'study', 'new', spec, '--out', study, '--data', folders[0]!)
  const folder = folders[1]!
  const npz = join(root, 'records.npz')
  const config = join(folder, 'config.toml')
  const name = async () =>
    writeFile(config, (await readFile(config, 'utf8')).replace(/^# file = .*/m, `file = "${npz}"`))
  return { folder, study, npz, config, name }
}

test('records that fit are counted, for the operator alone, and nothing of a class or a patient is said', async t => {
  const { folder, study, npz, name } = await member(t)
  await name()
  await writeFile(npz, encodeNpz({ train_images: IMAGES, train_labels: LABELS }))
  const approve = ['study', 'approve', study, '--data', folder]
  const printed = await works(t, ...approve)
  t.true(printed.includes(`\nOwn data  ${COUNT} records, 28x28x1, read and fitting the study\n`), printed)
  t.false(printed.includes('records.npz'))
  const { records } = JSON.parse(await works(t, ...approve, '--json'))
  t.deepEqual(records, { count: COUNT, shape: [28, 28, 1], distinct: COUNT, units: COUNT })
})

test('what does not fit is refused by approve as by start, and nothing is approved', async t => {
  const { folder, study, npz, name } = await member(t)
  await name()
  const small = { values: values.subarray(0, COUNT * 49), shape: [COUNT, 7, 7] }
  const high = { ...LABELS, values: LABELS.values.map((label, at) => (at === COUNT - 1 ? 2 : label)) }
  const cases: [bytes: Uint8Array | null, message: RegExp][] = [
    [null, /it is not there/],
    [encodeNpz({ train_images: IMAGES }), /no array train_labels/],
    [encodeNpz({ train_images: small, train_labels: LABELS }), /where the study says \(n, 28, 28, 1\)/],
    [encodeNpz({ train_images: IMAGES, train_labels: high }), /a label in record 19 that is no class/],
  ]
  const refusals: string[] = []
  for (const [bytes, message] of cases) {
    if (bytes !== null) await writeFile(npz, bytes)
    const stderr = await fails(t, EXIT.dataUnreadable, 'study', 'approve', study, '--data', folder)
    t.regex(stderr, message)
    t.deepEqual(await readdir(join(folder, 'studies')), [])
    refusals.push(stderr)
  }
  const approved = await readStudyFile(study)
  await storeApproved(folder, approved)
  const started = await confrere('start', '--data', folder, '--study', approved.study)
  t.is(started.code, EXIT.dataUnreadable)
  t.true(started.stderr.endsWith(refusals.at(-1)!), started.stderr)
})

test('a study can be approved before the records are there; the operator is told what start will need', async t => {
  const { folder, study, config } = await member(t)
  const printed = await works(t, 'study', 'approve', study, '--data', folder)
  t.true(printed.includes(`none, so nothing was checked: set data.file in ${config}, or add a data set`), printed)
  t.is(JSON.parse(await works(t, 'study', 'approve', study, '--data', folder, '--json')).records, null)
  t.regex(await fails(t, EXIT.config, 'start', '--data', folder), /no records to train on\n.*set data\.file/)
})

test('records that do not count are named with their reason', t => {
  const line = ownRecordsLine({ count: 10, shape: [8, 8, 1], distinct: 4, units: 4, valueBytes: 1 }, 'config.toml')
  t.regex(line, /10 records, 8x8x1, .* of which 4 count/)
})
