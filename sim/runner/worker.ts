/** A worker thread that runs one seed per message. @module */

import { parentPort } from 'node:worker_threads'
import { scenarioOf } from '../scenarios/list.ts'
import { runSeed } from './run-seed.ts'

parentPort?.on('message', ({ scenario, seed }: { scenario: string; seed: number }) => {
  const outcome = runSeed({ scenario: scenarioOf(scenario), seed })
  parentPort?.postMessage({ ...outcome, cpuMs: process.cpuUsage().user / 1000 })
})
