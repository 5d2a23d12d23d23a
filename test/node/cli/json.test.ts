// Claims: with --json an error is one JSON object on one line of stderr, with the code, the sentence, the hint and the
// exit code that it would have without; stdout stays empty. Every JSON document has its schemaVersion. A mistyped
// command gets the nearest word, although commands load lazily.

import test from 'ava'
import { EXIT } from '../../../node/errors.ts'
import { confrere, fails } from '../../helpers/cli.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

/** Runs a command that fails; returns the error that it prints as JSON. */
async function jsonError(...args: string[]) {
  const { code, stdout, stderr } = await confrere(...args, '--json')
  return { code, stdout, lines: stderr.trimEnd().split('\n').length, told: JSON.parse(stderr) }
}

test("an operator's error is one JSON object", async t => {
  const folder = await temporaryFolder(t)
  const plain = await fails(t, EXIT.identity, 'id', '--data', folder)
  const { code, stdout, lines, told } = await jsonError('id', '--data', folder)
  t.is(code, EXIT.identity)
  t.is(stdout, '')
  t.is(lines, 1)
  t.is(told.schemaVersion, 1)
  t.like(told.error, { code: 'identity-missing', exitCode: EXIT.identity })
  t.is(`confrere: ${told.error.message}\n  hint: ${told.error.hint}\n`, plain)
})

test('a wrong command line is one JSON object too', async t => {
  for (const args of [['statsu'], ['status', '--port'], ['study'], ['id'], ['study', 'approve']]) {
    const { code, stdout, told } = await jsonError(...args)
    t.is(code, EXIT.usage, args.join(' '))
    t.is(stdout, '')
    t.is(told.error.exitCode, EXIT.usage)
    t.true(told.error.hint.length > 0)
  }
})

test('a typing error gets the nearest word', async t => {
  const cases: [wrong: string[], meant: string][] = [
    [['statsu'], 'status'],
    [['strat', '--data', 'x'], 'start'],
    [['study', 'aprove'], 'approve'],
    [['data', 'chekc', 'x'], 'check'],
    [['roster', 'admti'], 'admit'],
    [['status', '--dta', 'x'], '--data'],
  ]
  for (const [wrong, meant] of cases) {
    t.regex(await fails(t, EXIT.usage, ...wrong), new RegExp(`Did you mean ${meant}\\?`), wrong.join(' '))
  }
})
