import test from 'ava'
import { epsilonOf, noiseMultiplierFor } from '../../../crypto/accounting/accountant.ts'
import { pldNoiseMultiplier } from '../../../crypto/accounting/noise-multiplier.ts'
import { pldEpsilon } from '../../../crypto/accounting/pld.ts'
import { rdpEpsilon } from '../../../crypto/accounting/rdp.ts'
import { readTree } from '../../helpers/tree/tree.ts'

const MECHANISM = { sampleRate: 0.04, noiseMultiplier: 1.5, steps: 225 }
const DELTA = 1e-5

test('what is charged is the privacy loss distribution to the last bit, and below Rényi accounting', t => {
  const charged = epsilonOf([MECHANISM], DELTA)
  t.is(charged, pldEpsilon([MECHANISM], { delta: DELTA }))
  t.true(charged < rdpEpsilon({ ...MECHANISM, delta: DELTA }))
})

test('the noise for a target is that of the accountant that is charged', t => {
  const target = { sampleRate: 0.1, steps: 120, delta: DELTA, epsilon: 3 }
  const noiseMultiplier = noiseMultiplierFor(target)
  t.is(noiseMultiplier, pldNoiseMultiplier(target))
  t.true(epsilonOf([{ ...target, noiseMultiplier }], DELTA) <= target.epsilon)
})

test('outside of crypto, nothing names the accountant that is charged but by accountant.ts', async t => {
  const { sources } = await readTree(process.cwd())
  const named = [...sources].filter(
    ([path, text]) => /^(protocols|node|sim)\//.test(path) && /accounting\/(pld|noise-multiplier)\.ts'/.test(text),
  )
  t.deepEqual(
    named.map(([path]) => path),
    [],
  )
})
