// Claims of node/prediction/occlusion.ts: the map is highest where the model looks, for frozen features and plain pixels.
import test, { type ExecutionContext } from 'ava'
import { type OcclusionMap, occlusionMap } from '../../../node/prediction/occlusion.ts'
import { type Backend, loadBackend } from '../../../node/training/backend.ts'
import { openScorer, type Scorer } from '../../../node/training/scorer.ts'
import type { ModelSpec } from '../../../protocols/study/models/list.ts'
import { uniforms } from '../training/engines.ts'
import { learnt, PHANTOM_CONTRACT, phantom, SIDE } from './phantoms.ts'

const { shape } = PHANTOM_CONTRACT
const SCATTERING: ModelSpec = { preset: 'scattering', scales: 2, angles: 2, cell: 8 }

const highestAt = ({ drops }: OcclusionMap): { x: number; y: number } => {
  const at = drops.indexOf(drops.reduce((most, drop) => Math.max(most, drop)))
  return { x: at % SIDE, y: Math.floor(at / SIDE) }
}

/** The share of phantoms whose map is highest within a shadow, half a window of tolerance included. */
function hits(scorer: Scorer, count: number): number {
  const random = uniforms('phantoms to point at')
  let inside = 0
  for (let at = 0; at < count; at++) {
    const { values, shadow } = phantom(random, true)
    const { x, y } = highestAt(occlusionMap({ shape, values }, { scorer, category: 1 }))
    if (Math.hypot(x - shadow!.x, y - shadow!.y) <= shadow!.radius + SIDE / 16) inside += 1
  }
  return inside / count
}

/** How often the model is right about phantoms that it has not seen. */
function accuracy(scorer: Scorer, count: number): number {
  const random = uniforms('phantoms to judge')
  const records = Array.from({ length: count }, (_, at) => phantom(random, at % 2 === 1).values)
  const inputs = (record: number, into: Float32Array) => into.set(records[record]!)
  const { probabilities } = scorer.score({ count, shape: [...shape], inputs, labels: new Int32Array(count) })
  return records.filter((_, at) => probabilities[2 * at + 1]! > 0.5 === (at % 2 === 1)).length / count
}

let backend: Backend
test.before(async () => {
  backend = await loadBackend({ engine: 'wasm' })
})

/** Trains a model, and says how often it is right, and its map. */
function pointing(t: ExecutionContext, training: Parameters<typeof learnt>[1], count: number): void {
  const scorer = openScorer({ backend, ...learnt(backend, training) })
  const [right, share] = [accuracy(scorer, 40), hits(scorer, count)]
  scorer.dispose()
  const found = `right about ${right}, points at ${share} of ${count}`
  t.log(found)
  t.true(right >= 0.9, found)
  t.true(share >= 0.8, found)
}

test('pointing game: the map is highest inside the planted shadow in 80 % of 50 phantoms', t => {
  pointing(t, { model: { preset: 'logistic' }, count: 400, steps: 150, rate: 0.3 }, 50)
})

test('pointing game: features that are not trained point at the shadow as well', t => {
  pointing(t, { model: SCATTERING, count: 100, steps: 100, rate: 1 }, 5)
})
