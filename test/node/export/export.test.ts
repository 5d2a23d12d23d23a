// Claims of `confrere export` and `confrere verify`: a finished study's model comes out as a folder that proves itself to a
// stranger; one changed byte in any of its files, a file too many or too few, is named; nothing is exported without an
// audit unless that is said.

import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { EXIT } from '../../../node/errors.ts'
import { contentsOf, SourceError } from '../../../node/export/contents.ts'
import { EXPORT_FORMATS } from '../../../node/export/formats.ts'
import { verifyExport } from '../../../node/export/verify-export.ts'
import { openStore } from '../../../node/storage/store.ts'
import { openStudy, sealStudy } from '../../../node/storage/study-file.ts'
import { checkpointHash, encodeCheckpoint } from '../../../protocols/model/checkpoint.ts'
import { studyIdOf } from '../../../protocols/study/document.ts'
import { encodeCertificate } from '../../../protocols/transcript/certificate.ts'
import { fails, works } from '../../helpers/cli.ts'
import { certifiedLink } from '../../helpers/study/links.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { auditOutput, FOUNDERS, finishedDocument, writeFinished } from './finished-study.ts'
import { randomCheckpoint } from './models.ts'

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile())
  return files.map(entry => relative(folder, join(entry.parentPath, entry.name))).sort()
}

/** Changes bytes of every file, one at a time. */
async function everyByteCounts(t: ExecutionContext, out: string, names: readonly string[]): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 1, max: 255 }),
      async (name, place, flip) => {
        const path = join(out, name)
        const bytes = await readFile(path)
        const at = Math.floor(place * bytes.length)
        const changed = Buffer.from(bytes)
        changed[at] = changed[at]! ^ flip
        await writeFile(path, changed)
        const { faults } = await verifyExport(out)
        await writeFile(path, bytes)
        return faults.some(({ file, problem }) => file === name || problem.includes(name))
      },
    ),
    { numRuns: 25, seed: 1 },
  )
  for (const name of names) {
    const path = join(out, name)
    const bytes = await readFile(path)
    const changed = Buffer.from(bytes)
    changed[Math.floor(bytes.length / 2)]! ^= 1
    await writeFile(path, changed)
    const { faults } = await verifyExport(out)
    t.true(
      faults.some(({ file }) => file === name),
      `${name}: ${JSON.stringify(faults)}`,
    )
    await writeFile(path, bytes)
  }
}

/** Takes files away, one at a time. */
async function everyFileCounts(t: ExecutionContext, out: string): Promise<void> {
  for (const name of ['model.onnx', 'checkpoint.bin', 'provenance.json']) {
    const bytes = await readFile(join(out, name))
    await rm(join(out, name))
    const { faults } = await verifyExport(out)
    t.true(
      faults.some(({ file, problem }) => file === name && problem.includes('missing')),
      name,
    )
    await writeFile(join(out, name), bytes)
  }
}

test('a finished study is exported with its audit, and a stranger verifies it: every changed byte is named', async t => {
  const root = await temporaryFolder(t)
  const [data, out, audit] = [join(root, 'data'), join(root, 'out'), join(root, 'audit.json')]
  const finished = await writeFinished(data)
  await writeFile(audit, auditOutput(finished))
  const said = await works(t, 'export', '--data', data, '--format', 'onnx,tfjs,safetensors,npz', '--audit', audit, out)
  t.regex(said, /the model after round 3, checkpoint [0-9a-f]{12}, certified by 4 of 5 hospitals/)
  t.regex(said, /not a medical device/)
  const names = await filesOf(out)
  t.deepEqual(names, [
    ...['audit.json', 'card.json', 'card.md', 'certificate.cbor', 'checkpoint.bin', 'document.study'],
    ...['model.npz', 'model.onnx', 'model.safetensors', 'provenance.json'],
    ...['tfjs/group1-shard1of1.bin', 'tfjs/model.json'],
  ])
  const card = await readFile(join(out, 'card.md'), 'utf8')
  for (const words of [
    'epsilon',
    'delta',
    finished.study,
    finished.checkpoint,
    'Newcomer',
    'no certified evaluation',
  ]) {
    t.true(card.includes(words), words)
  }
  t.true(card.includes('at least 0.7 against'), 'the audit is told')
  t.false(card.includes('<b>'), 'a name is no markup')

  // without the data folder
  await rm(data, { recursive: true })
  const verified = await works(t, 'verify', out)
  t.regex(verified, /^Verified: /)
  for (const words of [finished.study, finished.checkpoint, 'Hospital 3', 'Newcomer']) t.true(verified.includes(words))

  await everyByteCounts(t, out, names)
  await everyFileCounts(t, out)
  t.deepEqual((await verifyExport(out)).faults, [])

  await writeFile(join(out, 'more.txt'), 'more')
  t.regex(await fails(t, EXIT.verificationFailed, 'verify', out), /more\.txt: it does not belong to the export/)
  await rm(join(out, 'more.txt'))
  await writeFile(join(out, 'card.md'), `${card}It is approved.\n`)
  t.regex(await fails(t, EXIT.verificationFailed, 'verify', out), /card\.md: it is not what follows/)
  await fails(t, EXIT.usage, 'verify', join(root, 'nowhere'))
})

test('nothing is exported without an audit, unless that is said, nor by an audit of something else', async t => {
  const root = await temporaryFolder(t)
  const [data, out, audit] = [join(root, 'data'), join(root, 'out'), join(root, 'audit.json')]
  const finished = await writeFinished(data)
  const exported = (...args: string[]) => ['export', '--data', data, '--format', 'onnx', out, ...args]
  t.regex(await fails(t, EXIT.usage, ...exported()), /confrere audit --data .* --json > audit\.json/)
  t.regex(await fails(t, EXIT.usage, ...exported('--audit', join(root, 'none'))), /cannot be read/)
  await writeFile(audit, '{}')
  t.regex(await fails(t, EXIT.usage, ...exported('--audit', audit)), /is not what "confrere audit --json" prints/)
  await writeFile(audit, auditOutput({ ...finished, checkpoint: 'ab'.repeat(32) }))
  t.regex(await fails(t, EXIT.verificationFailed, ...exported('--audit', audit)), /another checkpoint/)
  await writeFile(audit, auditOutput(finished, true))
  t.regex(await fails(t, EXIT.verificationFailed, ...exported('--audit', audit)), /refutes/)
  t.regex(await fails(t, EXIT.usage, ...exported('--without-audit', '--round', 'best')), /evaluated/)
  t.deepEqual(await readdir(root), ['audit.json', 'data'])
  const json = JSON.parse(await works(t, ...exported('--without-audit', '--json')))
  t.like(json, { study: finished.study, checkpoint: finished.checkpoint, round: 3, audited: false })
  t.regex(await readFile(join(out, 'card.md'), 'utf8'), /no audit was run/)
  t.deepEqual((await verifyExport(out)).faults, [])
  t.regex(await fails(t, EXIT.usage, ...exported('--without-audit')), /not empty/)
})

test('a running node is to be stopped, and a database without the certificate is told', async t => {
  const root = await temporaryFolder(t)
  const [data, out] = [join(root, 'data'), join(root, 'out')]
  const { document } = await writeFinished(data)
  const store = await openStore(data, studyIdOf(document))
  const args = ['export', '--data', data, '--format', 'npz', '--without-audit', out]
  t.regex(await fails(t, EXIT.config, ...args), /confrere stop --data/)
  await store.close()
  await cp(join(data, 'store'), join(root, 'aside'), { recursive: true })
  await rm(join(data, 'store'), { recursive: true })
  t.regex(await fails(t, EXIT.dataUnreadable, ...args), /no certificate/)
  t.false((await readdir(data)).includes('store'))
  t.false((await readdir(root)).includes('out'))
  await mkdir(out)
  await cp(join(root, 'aside'), join(data, 'store'), { recursive: true })
  await works(t, ...args)
})

test('a checkpoint that too few hospitals have certified, or other ones, is refused', t => {
  const document = finishedDocument()
  const study = openStudy(sealStudy(document, FOUNDERS[0]!), 'a test')
  const checkpoint = encodeCheckpoint({ ...randomCheckpoint(document, 'x'), round: 1 })
  const terms = { roster: 0, checkpoint: checkpointHash(checkpoint) }
  const made = (changes: Partial<Parameters<typeof certifiedLink>[2]>, bytes = checkpoint) => {
    const result = certifiedLink(document, 1, { signers: FOUNDERS.slice(0, 3), ...terms, ...changes })
    const certificate = encodeCertificate({ changes: [], result })
    return contentsOf({ study, checkpoint: bytes, certificate, audit: null, formats: EXPORT_FORMATS })
  }
  t.notThrows(() => made({}))
  for (const [changes, file] of [
    [{ signers: FOUNDERS.slice(0, 2) }, 'certificate.cbor'],
    [{ signers: [FOUNDERS[0]!, FOUNDERS[0]!, FOUNDERS[0]!] }, 'certificate.cbor'],
    [{ roster: 1 }, 'certificate.cbor'],
    [{ checkpoint: new Uint8Array(32) }, 'checkpoint.bin'],
  ] as const) {
    const error = t.throws(() => made(changes as object), { instanceOf: SourceError })
    t.is(error?.file, file)
  }
  t.deepEqual(made({}).files, made({}).files, 'the same sources give the same bytes')
})
