/**
 * The tensor engine: the only file that imports @tensorflow/*. It takes the first that loads of tfjs-node-gpu,
 * tfjs-node (the operator may install either) and the WASM engine that comes with the package.
 *
 * @module
 */

import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import nodeUtil from 'node:util'
import type * as TfModule from '@tensorflow/tfjs'
import { EXIT, OperatorError } from '../errors.ts'

export type Tf = typeof TfModule
export type Tensor = TfModule.Tensor
export type Tensor1D = TfModule.Tensor1D
export type Tensor2D = TfModule.Tensor2D
export type Tensor3D = TfModule.Tensor3D
export type Tensor4D = TfModule.Tensor4D
export type LayersModel = TfModule.LayersModel
export type Layer = TfModule.layers.Layer

export const ENGINES = ['tensorflow-gpu', 'tensorflow', 'wasm'] as const
export type Engine = (typeof ENGINES)[number]

export interface Backend {
  tf: Tf
  engine: Engine
}

const PACKAGES = { 'tensorflow-gpu': '@tensorflow/tfjs-node-gpu', tensorflow: '@tensorflow/tfjs-node' } as const
const WASM_PACKAGE = '@tensorflow/tfjs-backend-wasm'
/** For tensors of a sub-batch's size more threads are slower. */
const WASM_THREADS = 1

const require = createRequire(import.meta.url)

/**
 * Loads a tensor engine and makes it tfjs's current one, for this thread.
 *
 * @param options  a named engine, or `auto`: the first of ENGINES that loads
 * @throws OperatorError `no-training-engine`, exit code 13, when the named engine (or none at all) loads
 */
export async function loadBackend(options: { engine?: 'auto' | Engine } = {}): Promise<Backend> {
  const wanted = options.engine ?? 'auto'
  const failures: string[] = []
  for (const engine of wanted === 'auto' ? ENGINES : [wanted]) {
    try {
      return { tf: await quietly(() => loadEngine(engine)), engine }
    } catch (cause) {
      if (wanted !== 'auto') throw notLoaded(engine, cause)
      failures.push(`${engine}: ${firstLine(cause)}`)
    }
  }
  throw notLoaded('wasm', new Error(failures.join('; ')))
}

async function loadEngine(engine: Engine): Promise<Tf> {
  const tf = engine === 'wasm' ? await loadWasm() : loadNative(PACKAGES[engine])
  tf.enableProdMode()
  const name = engine === 'wasm' ? 'wasm' : 'tensorflow'
  if (!(await tf.setBackend(name))) throw new Error(`the backend ${name} did not start`)
  await tf.ready()
  return tf
}

function loadNative(name: string): Tf {
  // tfjs-node calls two functions that Node has deprecated or, since 23, removed
  Object.assign(nodeUtil, {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: Array.isArray,
  })
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3'
  return require(name) as Tf
}

async function loadWasm(): Promise<Tf> {
  const tf = require('@tensorflow/tfjs') as Tf
  const wasm = require(WASM_PACKAGE) as { setWasmPaths(prefix: string): void; setThreadsCount(count: number): void }
  if (tf.getBackend() === 'wasm') return tf
  wasm.setWasmPaths(`${dirname(require.resolve(`${WASM_PACKAGE}/dist/tfjs-backend-wasm-simd.wasm`))}/`)
  wasm.setThreadsCount(WASM_THREADS)
  const events = ['uncaughtException', 'unhandledRejection'] as const
  const before = events.map(event => new Set(process.listeners(event as 'uncaughtException')))
  try {
    await tf.setBackend('wasm')
    await tf.ready()
  } finally {
    // emscripten's handlers would turn every crash of the process into its own
    events.forEach((event, index) => {
      for (const listener of process.listeners(event as 'uncaughtException')) {
        if (!before[index]!.has(listener)) process.removeListener(event, listener)
      }
    })
  }
  return tf
}

/** Silences the console while tfjs loads: its greetings and warnings are not for the operator. */
async function quietly<T>(load: () => Promise<T>): Promise<T> {
  const { log, info, warn } = console
  const silent = (): void => {}
  Object.assign(console, { log: silent, info: silent, warn: silent })
  try {
    return await load()
  } finally {
    Object.assign(console, { log, info, warn })
  }
}

function notLoaded(engine: Engine, cause: unknown): OperatorError {
  const hint =
    engine === 'wasm'
      ? 'Install again with `npm ci`; the engine is part of the package.'
      : `Install ${PACKAGES[engine]} and its libraries, or choose the engine "auto".`
  return new OperatorError('no-training-engine', `The training engine "${engine}" does not load: ${firstLine(cause)}`, {
    hint,
    exitCode: EXIT.trainingDevice,
    cause,
  })
}

function firstLine(cause: unknown): string {
  return String(cause instanceof Error ? cause.message : cause).split('\n', 1)[0]!
}
