// Claims of `confrere predict`: files of the study's kind are predicted by the newest checkpoint, in three forms, with heat
// maps; a file that does not fit has its own line, and the exit code says so. The real program is started each time.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { decode, encode } from 'fast-png'
import { EXIT } from '../../../node/errors.ts'
import { NOTICE } from '../../../node/prediction/predict.ts'
import { loadIdentity } from '../../../node/storage/identity.ts'
import { studyFolder } from '../../../node/storage/round-files.ts'
import { readStudyFile } from '../../../node/storage/study-file.ts'
import {
  type Checkpoint,
  checkpointHash,
  encodeCheckpoint,
  initialCheckpoint,
} from '../../../protocols/model/checkpoint.ts'
import { evaluated } from '../../../protocols/model/evaluation-state.ts'
import { layoutOf } from '../../../protocols/study/evaluation.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { confrere, fails, works } from '../../helpers/cli.ts'
import { specText } from '../../helpers/study/study-spec.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

/** The checkpoint after an evaluation in which nine of ten scores above 0.5, and one of ten below, were of the second class. */
function withEvaluation(start: Checkpoint, document: StudyDocument): Checkpoint {
  const layout = layoutOf(document)
  if (layout === null) return start
  const sum = new Int32Array(layout.dimension)
  for (let bin = 0; bin < layout.bins; bin++) {
    const share = bin < layout.bins / 2 ? 0.1 : 0.9
    sum[layout.binAt(1, 1, bin)] = 1e6 * share
    sum[layout.binAt(1, 0, bin)] = 1e6 * (1 - share)
  }
  return evaluated(start, sum, { document, round: 21, scale: 1, noise: 0 })
}

/** A node with an approved study of 8 x 8 images and a checkpoint of it; two pictures, one of another size. */
async function trained(t: ExecutionContext, changes: Record<string, string> = {}) {
  const root = await temporaryFolder(t)
  const data = join(root, 'node')
  await works(t, 'init', '--data', data, '--site', 'S')
  const peers = [(await loadIdentity(data)).peer]
  for (const at of [1, 2]) {
    await works(t, 'init', '--data', join(root, `other-${at}`), '--site', `O${at}`)
    peers.push((await loadIdentity(join(root, `other-${at}`))).peer)
  }
  const [spec, file] = [join(root, 'spec.toml'), join(root, 'a.study')]
  await writeFile(spec, specText(peers, changes))
  await works(t, 'study', 'new', spec, '--out', file, '--data', data)
  await works(t, 'study', 'approve', file, '--data', data)
  const { study, document } = await readStudyFile(file)
  const start = withEvaluation(initialCheckpoint(document), document)
  const average = start.average.map((one, at) => one + ((at * 7) % 5) / 10)
  const bytes = encodeCheckpoint({ ...start, round: 3, average })
  const hash = Buffer.from(checkpointHash(bytes)).toString('hex')
  const checkpoints = join(studyFolder(data, study), 'checkpoints')
  await mkdir(checkpoints, { recursive: true })
  await writeFile(join(checkpoints, hash), bytes)
  const newest = () => writeFile(join(checkpoints, 'newest.json'), JSON.stringify({ hash, round: 3 }))
  const pictures = join(root, 'pictures')
  await mkdir(pictures)
  const png = (side: number) => {
    const pixels = Uint8Array.from({ length: side * side }, (_, at) => (at * 37) % 256)
    return encode({ width: side, height: side, channels: 1, depth: 8, data: pixels })
  }
  await writeFile(join(pictures, 'good.png'), png(8))
  await writeFile(join(pictures, 'large.png'), png(9))
  return { root, data, study, hash, newest, good: join(pictures, 'good.png'), large: join(pictures, 'large.png') }
}

test('a file that does not fit has its own line, the others are predicted, and heat maps are written', async t => {
  const { root, data, study, hash, newest, good, large } = await trained(t)
  t.regex(await fails(t, EXIT.dataUnreadable, 'predict', good, '--data', data), /There is no checkpoint/)
  await newest()
  const { code, stdout, stderr } = await confrere('predict', large, good, '--data', data, '--format', 'jsonl')
  t.deepEqual({ code, stderr }, { code: EXIT.dataUnreadable, stderr: '' })
  const [refused, found] = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  t.like(refused, { schemaVersion: 1, file: large, study, checkpoint: hash, notice: NOTICE })
  t.regex(refused.error, /^it is 9 x 9 pixels, and the study takes 8 x 8 without resizing: /)
  t.like(found, {
    file: good,
    row: null,
    study,
    round: 3,
    checkpoint: hash,
    threshold: null,
    heatMap: null,
    notice: NOTICE,
  })
  const [no, yes] = found.probabilities.map(({ probability }: { probability: number }) => probability)
  t.true(Math.abs(no + yes - 1) < 1e-6)
  t.is(found.class, yes >= 0.5 ? 'pneumonia' : 'normal')

  const maps = join(root, 'maps')
  const options = ['--data', data, '--study', study.slice(0, 8), '--threshold', '0.000001', '--heat-map', maps]
  const table = await works(t, 'predict', good, ...options)
  t.true(table.startsWith(`${NOTICE}\n`) && table.trim().endsWith(NOTICE) && table.includes(hash.slice(0, 12)))
  t.regex(table, /0\.\d{4} +0\.\d{4} +pneumonia +.*good\.png {2}\(heat map .*good\.png\.heat\.png\)/)
  t.deepEqual(await readdir(maps), ['good.png.heat.png'])
  t.is(decode(await readFile(join(maps, 'good.png.heat.png'))).text['Warning'], NOTICE)

  const csv = await works(t, 'predict', good, '--data', data, '--format', 'csv')
  t.deepEqual(csv.split('\n').length, 3)
  t.regex(
    await fails(t, EXIT.usage, 'predict', good, '--data', data, '--study', 'abcd'),
    /No approved study begins with/,
  )
})

test('a study with an evaluation gives calibrated probabilities, and says by which round', async t => {
  const changes = { sampleRate: 'sampleRate = 0.1\n[evaluation]\nbins = 4' }
  const { data, newest, good } = await trained(t, changes)
  await newest()
  const found = JSON.parse(await works(t, 'predict', good, '--data', data, '--format', 'jsonl'))
  t.is(found.calibratedBy, 21)
  const [no, yes] = found.probabilities
  t.true(Math.abs(yes.probability - (yes.uncalibrated >= 0.5 ? 0.9 : 0.1)) < 1e-3)
  t.is(no.probability + yes.probability, 1)
  t.true(Math.abs(no.uncalibrated + yes.uncalibrated - 1) < 1e-6)
  t.is(found.class, yes.uncalibrated >= 0.5 ? 'pneumonia' : 'normal')
  const table = await works(t, 'predict', good, '--data', data)
  t.regex(table, /calibrated by the evaluation of round 21/)
})
