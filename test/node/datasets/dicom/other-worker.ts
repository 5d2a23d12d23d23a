/** In place of the codecs' thread: by the frame's rows it does not answer, throws, ends, or answers. @module */

import { parentPort } from 'node:worker_threads'

parentPort!.on('message', ({ id, job }: { id: number; job: { rows: number } }) => {
  if (job.rows === 1) return
  if (job.rows === 2) throw new Error('as an instance does that runs out of memory')
  if (job.rows === 3) process.exit(1)
  parentPort!.postMessage({ id, frame: { bytes: Uint8Array.of(job.rows) } })
})
