// Claims of node/daemon/node-account.ts: a node that has said nothing in a study may be restarted as often as one likes and is
// none that has lost its store; one whose store is gone while the ledger names the study is, until it has said something.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { openNodeAccount } from '../../../node/daemon/node-account.ts'
import type { Logger } from '../../../node/log.ts'
import { Ledger } from '../../../node/privacy/ledger-file.ts'
import { openStore, STORE_FOLDER } from '../../../node/storage/store.ts'
import { hex } from '../../../protocols/immutable.ts'
import { peerString } from '../../../protocols/roster/roster.ts'
import { studyIdOf } from '../../../protocols/study/document.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const privacy = { clippingNorm: 1, sampleRate: 2 ** 28, noiseMultiplier: 1.2, delta: 1e-5, epsilon: 3, colluders: 1 }
const document = {
  ...testStudy(testSigners(4), { rounds: 40 }),
  privacy: { noise: 'distributed' as const, ...privacy },
}
const study = studyIdOf(document)
const peer = peerString(document.hospitals[0]!.id)
const log = { info() {}, warn() {} } as unknown as Logger

/** Starts a node's account on a folder, and ends it. @param says whether it says something in the study meanwhile */
async function started(folder: string, { says = false } = {}): Promise<boolean> {
  const [ledger, level] = [await Ledger.open(folder), await openStore(folder, study)]
  const init = { document, study: hex(study), peer, population: null, epsilonMax: 8, roundsKnown: false }
  const { forgetful } = await openNodeAccount({ folder, ledger, level }, init, log)
  if (says) await level.write([{ kind: 'own', round: 1, slot: 'ready/0/0', bytes: Uint8Array.of(1) }])
  await level.close()
  await ledger.close()
  return forgetful
}

const loseStore = (folder: string) => rm(join(folder, STORE_FOLDER), { recursive: true })

test('a node that has said nothing yet is no other after a restart: it need not wait for who is absent', async t => {
  const folder = await temporaryFolder(t)
  for (let start = 0; start < 3; start++) t.false(await started(folder), `start ${start}`)
})

test('a store that is gone is found at every start, until something was said again', async t => {
  const folder = await temporaryFolder(t)
  t.false(await started(folder, { says: true }))
  t.false(await started(folder))
  await loseStore(folder)
  for (let start = 0; start < 2; start++) t.true(await started(folder), `start ${start}`)
  t.true(await started(folder, { says: true }))
  t.false(await started(folder))
})
