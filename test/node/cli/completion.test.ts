// Claims: the completion for bash offers the commands, then a group's, then a command's options, all from the table, and
// files after an option that takes a value; the other shells' scripts name every command too.

import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { COMMANDS } from '../../../node/cli/commands.ts'
import { EXIT } from '../../../node/errors.ts'
import { fails, works } from '../../helpers/cli.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const BASH = '/bin/bash'
const hasBash = (() => {
  try {
    execFileSync(BASH, ['--version'])
    return true
  } catch {
    return false
  }
})()

const withBash = hasBash ? test : test.skip

withBash('bash completes commands, groups, options and files', async t => {
  const root = await temporaryFolder(t)
  const script = join(root, 'completion')
  await writeFile(script, await works(t, 'completion', 'bash'))
  await mkdir(join(root, 'folder-x'))
  const complete = (...words: string[]): string[] => {
    const list = words.map(word => `'${word}'`).join(' ')
    const text = `source ${script}; cd ${root}; COMP_WORDS=(confrere ${list}); COMP_CWORD=${words.length}; _confrere; printf '%s\\n' "\${COMPREPLY[@]}"`
    return execFileSync(BASH, ['--norc', '-c', text], { encoding: 'utf8' }).split('\n').filter(Boolean)
  }
  t.deepEqual(
    complete('').filter(word => !word.startsWith('-')),
    COMMANDS.map(({ name }) => name),
  )
  t.deepEqual(complete('statu'), ['status'])
  t.deepEqual(complete('study', 'app'), ['approve'])
  t.deepEqual(complete('roster', 'ad'), ['admit'])
  t.deepEqual(complete('approve', '--da'), [])
  t.true(complete('study', 'approve', '--').includes('--dataset'))
  t.deepEqual(complete('status', '--data', 'fold'), ['folder-x'])
  t.deepEqual(complete('study', 'approve', 'fold'), ['folder-x'])
})

for (const shell of ['zsh', 'fish']) {
  test(`the completion for ${shell} names every command`, async t => {
    const script = await works(t, 'completion', shell)
    for (const { name } of COMMANDS) t.true(script.includes(name), name)
    for (const option of ['dataset', 'json']) t.true(script.includes(option), option)
  })
}

test('another shell is refused with those that there are', async t => {
  t.regex(await fails(t, EXIT.usage, 'completion', 'tcsh'), /bash, zsh, fish/)
})
