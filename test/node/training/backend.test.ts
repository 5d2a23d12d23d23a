// Claims of node/training/backend.ts: an engine loads anywhere, quietly, and leaves the process as it found it.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test from 'ava'
import { OperatorError } from '../../../node/errors.ts'
import { type Backend, ENGINES, loadBackend } from '../../../node/training/backend.ts'

const run = promisify(execFile)
const SOURCE = new URL('../../../node/training/backend.ts', import.meta.url).href

/** Runs a script in a process of its own, from another working directory. */
function elsewhere(script: string): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, ['--input-type=module', '--eval', script], { cwd: '/' })
}

const REPORT = `
  const { loadBackend } = await import(${JSON.stringify(SOURCE)})
  const { tf, engine } = await loadBackend({ engine: 'wasm' })
  const sum = tf.tidy(() => tf.sum(tf.matMul(tf.ones([3, 4]), tf.ones([4, 5]))).dataSync()[0])
  const listeners = ['uncaughtException', 'unhandledRejection'].map(event => process.listenerCount(event))
  const report = JSON.stringify({ engine, sum, listeners, rss: process.memoryUsage().rss })`

test.serial('WASM loads from any folder, says nothing, and leaves no crash handlers behind', async t => {
  const { stdout, stderr } = await elsewhere(`${REPORT}\nprocess.stdout.write(report)`)
  const { rss, ...report } = JSON.parse(stdout) as { rss: number }
  t.deepEqual(report, { engine: 'wasm', sum: 60, listeners: [0, 0] } as object)
  t.is(stderr, '')
  t.true(rss < 300e6, `${rss} bytes`)
})

test.serial('WASM loads in a worker thread', async t => {
  const code = `${REPORT}
    const { parentPort } = await import('node:worker_threads')
    parentPort.postMessage(report)`
  const script = `
    import { Worker } from 'node:worker_threads'
    const worker = new Worker(new URL('data:text/javascript,' + ${JSON.stringify(encodeURIComponent(code))}))
    worker.on('message', message => process.stdout.write(message))`
  const { stdout, stderr } = await elsewhere(script)
  t.like(JSON.parse(stdout), { engine: 'wasm', sum: 60 })
  t.is(stderr, '')
})

test.serial('auto takes the first engine that loads', async t => {
  const { tf, engine } = await loadBackend()
  t.true(ENGINES.includes(engine))
  t.is(tf.getBackend(), engine === 'wasm' ? 'wasm' : 'tensorflow')
})

test.serial("an engine asked for by name that does not load is the operator's affair: exit code 13", async t => {
  for (const engine of ['tensorflow-gpu', 'tensorflow'] as const) {
    const outcome = await loadBackend({ engine }).catch((cause: unknown) => cause)
    if (!(outcome instanceof OperatorError)) {
      t.is((outcome as Backend).engine, engine)
      t.log(`${engine} is installed here`)
      continue
    }
    t.is(outcome.code, 'no-training-engine')
    t.is(outcome.exitCode, 13)
    t.regex(outcome.hint, /@tensorflow\/tfjs-node/)
    t.truthy(outcome.cause)
  }
})
