// Claims of node/storage/identity.ts: an identity is made once, read by its owner alone, and its id is written as libp2p does.

import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import test from 'ava'
import fc from 'fast-check'
import { verifySignature } from '../../../crypto/signature.ts'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { createIdentity, loadIdentity, parsePeerId, peerIdString } from '../../../node/storage/identity.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const isIdentityError = (code: string) => ({ instanceOf: OperatorError, code })

test('a new identity is 32 bytes that its owner alone may read, and loads again', async t => {
  const folder = await temporaryFolder(t)
  const created = await createIdentity(folder)
  const info = await stat(join(folder, 'identity.key'))
  t.is(info.size, 32)
  t.is(info.mode & 0o777, 0o600)
  const loaded = await loadIdentity(folder)
  t.is(loaded.peer, created.peer)
  t.deepEqual(loaded.seed, created.seed)
  const message = Uint8Array.of(1, 2, 3)
  t.true(verifySignature(parsePeerId(loaded.peer), message, created.signer.sign(message)))
})

test('an identity is never overwritten, and two are never the same', async t => {
  const folder = await temporaryFolder(t)
  const { peer } = await createIdentity(folder)
  const before = await readFile(join(folder, 'identity.key'))
  const error = await t.throwsAsync(createIdentity(folder), { instanceOf: OperatorError, code: 'identity-exists' })
  t.is(error.exitCode, EXIT.identity)
  t.deepEqual(await readFile(join(folder, 'identity.key')), before)
  t.not((await createIdentity(await temporaryFolder(t))).peer, peer)
})

test('an identity that others may use is refused', async t => {
  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o601]) {
    const folder = await temporaryFolder(t)
    await createIdentity(folder)
    await chmod(join(folder, 'identity.key'), mode)
    const error = await t.throwsAsync(loadIdentity(folder), { instanceOf: OperatorError, code: 'identity-exposed' })
    t.is(error.exitCode, EXIT.identity)
    t.regex(error.hint, /chmod 600/)
  }
})

test('a missing, short, long or odd identity is refused', async t => {
  const folder = await temporaryFolder(t)
  await t.throwsAsync(loadIdentity(folder), isIdentityError('identity-missing'))
  await t.throwsAsync(loadIdentity(join(folder, 'none')), isIdentityError('identity-missing'))
  for (const size of [0, 31, 33]) {
    await writeFile(join(folder, 'identity.key'), new Uint8Array(size), { mode: 0o600 })
    await t.throwsAsync(loadIdentity(folder), isIdentityError('identity-damaged'))
  }
  const other = await temporaryFolder(t)
  await mkdir(join(other, 'identity.key'), { mode: 0o700 })
  await t.throwsAsync(loadIdentity(other), isIdentityError('identity-damaged'))
})

test('the peer id is the one that libp2p derives from the same seed', async t => {
  const { seed, peer } = await createIdentity(await temporaryFolder(t))
  t.is(peer, peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', seed)).toString())
  t.is(peerIdString(parsePeerId(peer)), peer)
})

test('text that is not a peer id is refused by an OperatorError', async t => {
  const { peer } = await createIdentity(await temporaryFolder(t))
  const others = [
    '',
    ' ',
    peer.slice(1),
    `${peer}1`,
    `1${peer}`,
    ` ${peer}`,
    peer.toLowerCase(),
    'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N',
  ]
  for (const text of others) t.throws(() => parsePeerId(text), isIdentityError('bad-peer-id'), text)
  fc.assert(fc.property(fc.string(), text => void t.throws(() => parsePeerId(text), isIdentityError('bad-peer-id'))))
})
