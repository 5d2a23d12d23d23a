// Claims of protocols/agreement/model: spin finds no error in the models with all rules, and finds the expected one when
// one rule is left out. Skipped, with a reason, where spin or gcc is not installed.

import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'

const run = promisify(execFile)
const MODELS = join(import.meta.dirname, '../../../protocols/agreement/model')
/** Two views are enough for nearly every error, and seconds are enough for two views. */
const TWO_VIEWS = ['-DMAXV=2']
const THREE_VIEWS = ['-DMAXV=3', '-DUNTIMED']
const TIMEOUT_MS = 120_000

/** What the assertions of the models say when they fail. */
const AGREEMENT = /assertion violated\s+!\(.*precommits/
const PROGRESS = /assertion violated possible/

/** Why nothing can be checked here, or undefined. */
async function missing(): Promise<string | undefined> {
  const says = (command: string, flag: string) =>
    run(command, [flag]).then(
      ({ stdout }) => stdout,
      () => '',
    )
  // other programs are called spin as well
  if (!/^Spin Version/.test(await says('spin', '-V'))) return 'spin (https://spinroot.com) is not installed'
  return (await says('gcc', '--version')) === '' ? 'gcc is not installed' : undefined
}

interface Search {
  readonly output: string
  readonly errors: number
  readonly states: number
}

/** Searches all states of a model, up to the first error, in a folder of its own. */
async function search(model: string, ...flags: string[]): Promise<Search> {
  const cwd = await mkdtemp(join(tmpdir(), 'confrere-model-'))
  try {
    await cp(MODELS, cwd, { recursive: true })
    const options = { cwd, timeout: TIMEOUT_MS }
    await run('spin', ['-a', ...flags, `${model}.pml`], options)
    await run('gcc', ['-O2', '-w', '-DSAFETY', '-o', 'pan', 'pan.c'], options)
    const { stdout } = await run(join(cwd, 'pan'), [], options)
    return {
      output: stdout,
      errors: Number(/errors: (\d+)/.exec(stdout)?.[1]),
      states: Number(/(\d+) states, stored/.exec(stdout)?.[1]),
    }
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}

/** Runs a check, or passes with the reason why not. */
async function where(t: ExecutionContext, check: () => Promise<void>): Promise<void> {
  t.timeout(3 * TIMEOUT_MS)
  const reason = await missing()
  if (reason === undefined) return check()
  t.log(`skipped: ${reason}`)
  t.pass()
}

for (const [model, views, bounds, statesMin] of [
  ['agreement', 'two', TWO_VIEWS, 200_000],
  ['agreement', 'three', THREE_VIEWS, 1_500_000],
  ['result', 'two', TWO_VIEWS, 800_000],
] as const) {
  test.serial(`${model}.pml, ${views} views: no two values are decided, and a decision stays possible`, t =>
    where(t, async () => {
      const { output, errors, states } = await search(model, ...bounds)
      t.is(errors, 0, output)
      t.notRegex(output, /Search not completed|depth too small/)
      t.true(states > statesMin, `only ${states} states: the adversary is too weak`)
      t.log(`${states} states`)
    }),
  )
}

for (const [model, flag, violated, bounds] of [
  ['agreement', 'NO_LOCK', AGREEMENT, TWO_VIEWS],
  ['agreement', 'SMALL_QUORUM', AGREEMENT, TWO_VIEWS],
  ['agreement', 'OLD_PROOF', AGREEMENT, THREE_VIEWS],
  ['agreement', 'NO_PROOF', PROGRESS, TWO_VIEWS],
  ['agreement', 'NO_REPROPOSAL', PROGRESS, TWO_VIEWS],
  ['result', 'NO_LOCK', AGREEMENT, TWO_VIEWS],
  ['result', 'OWN_JUDGEMENT', PROGRESS, TWO_VIEWS],
] as const) {
  const claim = violated === AGREEMENT ? 'two values are decided' : 'the members stand still'
  test.serial(`${model}.pml: with ${flag} ${claim}`, t =>
    where(t, async () => {
      const { output, errors } = await search(model, ...bounds, `-D${flag}`)
      t.true(errors >= 1, output)
      t.regex(output, violated)
    }),
  )
}
