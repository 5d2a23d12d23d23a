/** What an operator sees of a node: `confrere status`, the interface's answers and the log. @module */

import type { ExecutionContext } from 'ava'
import type { NodeAnswer, ReadyAnswer } from '../../../node/http/api/node.ts'
import type { StudiesAnswer } from '../../../node/http/api/studies.ts'
import { confrere, type NodeProcess } from '../cli.ts'
import { fetchJson, type Site } from '../study/sites.ts'

const LOOK_MS = 100
/** Until every face names a cause. */
const NAMED_MS = 10_000
/** More than that on a machine that is busy with other tests. */
const PATIENCE_MS = 6 * NAMED_MS

export interface Faces {
  readonly node: string
  readonly studies: string
  readonly ready: string
  readonly log: string
}

async function facesOf(site: Site, process: NodeProcess): Promise<Faces> {
  const [node, studies, ready] = await Promise.all([
    fetchJson<NodeAnswer>(site, '/v1/node'),
    fetchJson<StudiesAnswer>(site, '/v1/studies'),
    fetchJson<ReadyAnswer>(site, '/readyz'),
  ])
  return {
    node: JSON.stringify({ state: node?.state, waiting: node?.waiting, problems: node?.problems }),
    studies: JSON.stringify(studies?.studies.map(({ name, state, text, error }) => ({ name, state, text, error }))),
    ready: JSON.stringify(ready),
    log: process.log(),
  }
}

/**
 * Waits until the page's answers, readiness and log all name a cause, and requires `confrere status` to name it too.
 *
 * @param causes each must be matched in each place of `places`
 */
export async function requireNamed(
  t: ExecutionContext,
  [site, process]: readonly [Site, NodeProcess],
  causes: readonly RegExp[],
  places: readonly (keyof Faces)[] = ['node', 'studies', 'ready', 'log'],
): Promise<void> {
  const began = performance.now()
  for (;;) {
    const faces = await facesOf(site, process)
    const lacking = places.flatMap(place =>
      causes.filter(cause => !cause.test(faces[place])).map(c => `${place}: ${c}`),
    )
    if (lacking.length === 0) break
    if (performance.now() - began > PATIENCE_MS || process.child.exitCode !== null) {
      return t.fail(`not named: ${lacking.join('; ')}\n${Object.values(faces).join('\n')}`)
    }
    await new Promise(resolve => setTimeout(resolve, LOOK_MS))
  }
  const { stdout } = await confrere('status', '--data', site.folder)
  for (const cause of causes) t.regex(stdout, cause)
  if (globalThis.process.env.FAULTS_SHOWN === undefined) return
  const { log, ...shown } = await facesOf(site, process)
  const lines = log.split('\n').filter(line => causes.some(cause => cause.test(line)))
  t.log(`${Math.round(performance.now() - began)} ms`, shown, lines.slice(-3).join('\n'), stdout)
}
