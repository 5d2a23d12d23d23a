// Claims of node/storage/study-file.ts: a study file is what its founder signed, to the byte, or it is refused.

import { mkdir, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { seal } from '../../../crypto/envelope.ts'
import type { Signer } from '../../../crypto/signature.ts'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { approvedStudies, selectStudy, storeApproved } from '../../../node/storage/approved-studies.ts'
import { peerIdString } from '../../../node/storage/identity.ts'
import { openStudy, readStudyFile, sealStudy } from '../../../node/storage/study-file.ts'
import { encode } from '../../../protocols/encoding/codec.ts'
import { encodeStudy, studyIdOf } from '../../../protocols/study/document.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { toHex } from '../../helpers/hex.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const signers = testSigners(4)
const founder = signers[1]!
const privacy: StudyDocument['privacy'] = {
  noise: 'distributed',
  clippingNorm: 1,
  sampleRate: 2 ** 28,
  noiseMultiplier: 1.5,
  delta: 1e-5,
  epsilon: 3,
  colluders: 1,
}
const document = testStudy(signers, { privacy })
const bytes = sealStudy(document, founder)

function refusal(changed: Uint8Array): OperatorError {
  try {
    openStudy(changed, 'x.study')
  } catch (error) {
    if (error instanceof OperatorError) return error
    throw error
  }
  throw new Error('accepted')
}

/** A file that somebody signed around any body. */
function signed(body: Uint8Array, signer: Signer = founder): Uint8Array {
  const envelope = seal(signer, body)
  return encode([envelope.body, envelope.signer, envelope.signature])
}

test('a sealed study opens again, with its founder and id', t => {
  const opened = openStudy(bytes, 'x.study')
  t.deepEqual(opened.document, document)
  t.is(opened.founder, peerIdString(founder.id))
  t.is(opened.study, toHex(studyIdOf(document)))
  t.deepEqual(opened.bytes, bytes)
})

test('one changed byte, at any place, is refused with exit code 8', t => {
  for (let at = 0; at < bytes.length; at++) {
    for (const change of [0x01, 0x80, 0xff]) {
      const changed = bytes.slice()
      changed[at]! ^= change
      const error = refusal(changed)
      t.deepEqual([error.exitCode, error.code], [EXIT.verificationFailed, 'study-damaged'], `byte ${at}`)
      t.regex(error.message, /^x\.study is not a study as its founder signed it/)
    }
  }
})

test('a file that was cut, lengthened or is something else is refused with exit code 8', t => {
  const others = [
    new Uint8Array(),
    bytes.subarray(0, -1),
    bytes.subarray(1),
    Buffer.concat([bytes, Uint8Array.of(0)]),
    Buffer.from('not a study'),
    encode([1, 2, 3]),
    encode([bytes, bytes]),
    new Uint8Array(3 << 20),
  ]
  for (const other of others) t.is(refusal(new Uint8Array(other)).exitCode, EXIT.verificationFailed)
})

test('a signature of somebody else does not count', t => {
  const { body, signature } = seal(signers[0]!, encodeStudy(document))
  t.is(refusal(encode([body, founder.id, signature])).code, 'study-damaged')
})

test('a well-signed file that holds no valid study is refused by name', t => {
  t.is(refusal(signed(encode({ hello: 1 }))).code, 'study-refused')
  t.is(refusal(signed(Uint8Array.of(0xff))).code, 'study-refused')
  const [first, ...rest] = document.hospitals
  t.is(refusal(signed(encode({ ...document, hospitals: [...rest, first] }))).code, 'study-refused')
  t.is(refusal(signed(encodeStudy(document), testSigners(9)[8]!)).code, 'study-refused')
})

test('a study of another version is incompatible, exit code 11', t => {
  const error = refusal(signed(encode({ ...document, version: 3 })))
  t.is(error.exitCode, EXIT.incompatibleStudy)
})

test('a study without noise is refused unless a test asks for it', t => {
  const off = sealStudy(testStudy(signers), founder)
  t.is(refusal(off).code, 'noise-off')
  t.is(openStudy(off, 'x.study', { noiseOff: 'tests-only' }).document.privacy.noise, 'off')
})

test('an approved study is stored under its id, byte for byte, and nothing else is left behind', async t => {
  const folder = await temporaryFolder(t)
  const study = openStudy(bytes, 'x.study')
  const file = await storeApproved(folder, study)
  t.is(await storeApproved(folder, study), file)
  t.deepEqual(await readdir(join(folder, 'studies')), [`${study.study}.study`])
  t.deepEqual(await readStudyFile(file), study)
  t.deepEqual(await selectStudy(folder), study)
})

test('an approved study that changed on disk, or lies under another id, is refused', async t => {
  const folder = await temporaryFolder(t)
  const file = await storeApproved(folder, openStudy(bytes, 'x.study'))
  const damaged = { instanceOf: OperatorError, code: 'study-damaged' }
  await rename(file, join(folder, 'studies', `${'0'.repeat(64)}.study`))
  await t.throwsAsync(approvedStudies(folder), damaged)
  await writeFile(join(folder, 'studies', `${'0'.repeat(64)}.study`), bytes.subarray(1))
  await t.throwsAsync(approvedStudies(folder), damaged)
})

test('the only study needs no name; of two, one is named by the first digits of its id', async t => {
  const folder = await temporaryFolder(t)
  const none = await t.throwsAsync(selectStudy(folder), { instanceOf: OperatorError, code: 'no-study' })
  t.is(none.exitCode, EXIT.config)
  const other = sealStudy({ ...document, name: 'Other' }, founder)
  const studies = [bytes, other].map(file => openStudy(file, 'x.study'))
  for (const study of studies) await storeApproved(folder, study)
  await writeFile(join(folder, 'studies', 'notes.txt'), 'not a study')
  const which = await t.throwsAsync(selectStudy(folder), { instanceOf: OperatorError, code: 'which-study' })
  t.is(which.exitCode, EXIT.usage)
  for (const study of studies) {
    t.true(which.hint.includes(study.study.slice(0, 12)))
    t.is((await selectStudy(folder, study.study.slice(0, 8).toUpperCase())).study, study.study)
  }
  await t.throwsAsync(selectStudy(folder, 'ffffffffffff'), { instanceOf: OperatorError, code: 'unknown-study' })
})

test('a file that cannot be read is a usage error', async t => {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'd.study'))
  for (const name of ['none.study', 'd.study']) {
    const error = await t.throwsAsync(readStudyFile(join(folder, name)), { instanceOf: OperatorError })
    t.is(error.exitCode, EXIT.usage)
    t.true(error.message.includes(name))
  }
})
