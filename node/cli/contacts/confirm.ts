/** The question before a command acts. @module */

import { createInterface } from 'node:readline/promises'
import { EXIT, OperatorError } from '../../errors.ts'

/**
 * Asks on the terminal.
 *
 * @throws OperatorError `not-confirmed`, exit code 2: the answer was no, or nobody is there to answer
 */
export async function confirm(question: string, { yes }: { yes: true | undefined }): Promise<void> {
  if (yes === true) return
  if (!process.stdin.isTTY) {
    throw new OperatorError('not-confirmed', `Nobody is there to answer: ${question}`, {
      hint: 'Look at it, and say --yes.',
      exitCode: EXIT.usage,
    })
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(`${question} [y/N] `)
    if (/^y(es)?$/i.test(answer.trim())) return
  } finally {
    terminal.close()
  }
  throw new OperatorError('not-confirmed', 'Nothing was changed', {
    hint: 'Answer "y" to go on.',
    exitCode: EXIT.usage,
  })
}
