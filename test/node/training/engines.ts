/** The tensor engines that load on this machine, and what the training tests share. @module */

import type { ExecutionContext } from 'ava'
import { RandomReader } from '../../../crypto/rng.ts'
import { type Backend, type Engine, loadBackend } from '../../../node/training/backend.ts'
import type { DataContract } from '../../../protocols/study/contracts/list.ts'
import type { ModelSpec } from '../../../protocols/study/models/list.ts'
import { dimensionOf, parameterSpecs } from '../../../protocols/study/parameters.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'

const reported = new Set<Engine>()

/** Runs a check on WASM, and on the native engine where it is installed. */
export async function onEveryEngine(t: ExecutionContext, check: (backend: Backend) => void): Promise<void> {
  const engines: Engine[] = ['wasm', 'tensorflow']
  for (const engine of engines) {
    const backend = await loadBackend({ engine }).catch((error: Error) => {
      if (!reported.has(engine)) t.log(`${engine} is left out: ${error.message}`)
      reported.add(engine)
      return undefined
    })
    if (engine === 'wasm' && backend === undefined) t.fail('the engine of the package itself must load')
    if (backend !== undefined) check(backend)
  }
}

/** Uniform numbers of [0, 1) from a seed. */
export function uniforms(seed: string): () => number {
  const reader = new RandomReader(seededRng(seed))
  return () => reader.uniformUint32() / 2 ** 32
}

export function images(shape: [number, number, number] = [28, 28, 1]): DataContract {
  return { kind: 'image', shape, classes: ['no', 'yes', 'maybe'] }
}

export interface TestBatch {
  parameters: Float32Array
  inputs: Float32Array
  labels: Int32Array
}

/** Parameters of a trained model's size, and records of [0, 1]. */
export function testBatch(
  seed: string,
  { spec, data, count }: { spec: ModelSpec; data: DataContract; count: number },
): TestBatch {
  const random = uniforms(seed)
  const specs = parameterSpecs(spec, data)
  const size = data.shape.reduce((product, length) => product * length, 1)
  return {
    parameters: Float32Array.from({ length: dimensionOf(specs) }, () => (random() - 0.5) * 0.4),
    inputs: Float32Array.from({ length: count * size }, random),
    labels: Int32Array.from({ length: count }, () => Math.floor(random() * data.classes.length)),
  }
}

export function norm(values: ArrayLike<number>): number {
  return Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0))
}

export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return norm(Array.from(a, (value, index) => value - b[index]!))
}
