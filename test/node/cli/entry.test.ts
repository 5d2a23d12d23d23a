// Claims: the package's command says in one sentence that Node.js is too old, at the version that package.json names;
// on one that is new enough it is the command line.

import { execFileSync, spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { EXIT } from '../../../node/errors.ts'
import { requiredNode } from '../../../node/version.ts'

const ROOT = join(import.meta.dirname, '../../..')
const ENTRY = join(ROOT, 'node/cli/confrere.cts')

/** Runs the entry under a version of Node.js that it is told. */
function runAs(version: string) {
  const fake = `Object.defineProperty(process.versions, 'node', { value: '${version}' }); process.argv.push('--version')`
  return spawnSync(process.execPath, ['-e', `${fake}; require(${JSON.stringify(ENTRY)})`, '--'], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '--no-warnings' },
  })
}

test('a Node.js that is too old is told so in one sentence, with a hint and no stack', t => {
  for (const version of ['10.24.1', '18.20.0', '20.19.5', '22.11.0']) {
    const { status, stdout, stderr } = runAs(version)
    t.is(status, EXIT.config, version)
    t.is(stdout, '')
    t.is(stderr.split('\n').length, 3)
    t.true(stderr.startsWith(`confrere: Node.js ${version} is too old: it needs ${requiredNode()} or newer\n  hint: `))
  }
})

test('one that is new enough runs the command line', async t => {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  for (const node of [requiredNode(), '22.20.0', '24.0.0']) {
    const { status, stdout, stderr } = runAs(node)
    t.deepEqual({ status, stdout, stderr }, { status: 0, stdout: `${version}\n`, stderr: '' }, node)
  }
  t.is(execFileSync(process.execPath, ['--no-warnings', ENTRY, '--version'], { encoding: 'utf8' }), `${version}\n`)
})
