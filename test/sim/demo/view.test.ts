// Claims of sim/demo/view.ts and screen.ts: the live picture says round, phase, contributors, AUC, all epsilons and the
// time left; a terminal is drawn over and left as it was; a log gets one plain line a round.

import test from 'ava'
import { createScreen, cut } from '../../../sim/demo/screen.ts'
import { type Ink, legendLine, liveLines, roundLine, type Snapshot } from '../../../sim/demo/view.ts'
import { RECORDED, RECORDED_ROUNDS, recordedStatus } from './recorded.ts'

const same = (text: string): string => text
const PLAIN: Ink = { strong: same, faint: same, good: same, bad: same }
const WITHOUT_CEDAR = RECORDED_ROUNDS.find(({ round }) => round === 42)!

const SNAPSHOT: Snapshot = {
  sites: RECORDED.sites,
  statuses: [
    recordedStatus(0, { phase: 'voting', round: 43, view: 1 }),
    recordedStatus(1, { phase: 'uploaded', round: 43, view: 1 }),
    null,
    recordedStatus(3, { phase: 'voting', round: 43, view: 1 }),
  ],
  epsilon: recordedStatus(0).epsilon,
  last: WITHOUT_CEDAR,
  rounds: 120,
  measured: { auc: 0.9221, round: 36 },
  secondsLeft: 61.2,
  notes: ['Cedar was killed'],
}

test('the live picture says everything that matters', t => {
  const text = liveLines(SNAPSHOT, PLAIN).join('\n')
  t.regex(text, /Round 43 of 120 .* 35 % .*about 62 s left/)
  t.regex(text, /voting on who is in, view 1/)
  t.regex(text, /Round 42 took 3\.80 s, 3 of 4 contributed/)
  t.regex(text, /● Alder/)
  t.regex(text, /× Cedar +absent/)
  t.regex(text, /0\.922, after round 36/)
  t.regex(text, /1\.893 of 3 against any one of the hospitals/)
  t.regex(text, /everyone who sees the model/)
  t.regex(text, /all other hospitals/)
  t.regex(text, /more records, or known to more hospitals/)
  t.regex(text, /Cedar was killed/)
})

test('before the first round it says who has been found', t => {
  const statuses = SNAPSHOT.statuses.map((_, at) => (at === 0 ? recordedStatus(0, { phase: 'training' }) : null))
  const text = liveLines({ ...SNAPSHOT, statuses, last: null, measured: null, secondsLeft: null, notes: [] }, PLAIN)
  t.regex(text.join('\n'), /Alder +training on its own records \(3 others found\)/)
  t.regex(text.join('\n'), /Birch +starting/)
})

test('a round is one line', t => {
  const { epsilon } = recordedStatus(0)
  const line = roundLine(WITHOUT_CEDAR, { rounds: 120, sites: 4, epsilon, auc: 0.9 })
  t.regex(
    line,
    /^round {2}42\/120 {2}Alder Birch Elm {2}2 views .* at 4 of 4 {2}epsilon 1\.55 \/ 1\.90 \/ 4\.41 {2}AUC 0\.900$/,
  )
  t.regex(roundLine({ ...WITHOUT_CEDAR, outcome: 'void' }, { rounds: 120, sites: 4, epsilon: null, auc: null }), /VOID/)
  t.regex(legendLine(1), /any one of the hospitals, what is charged/)
})

function terminal(isTTY: boolean, environment: NodeJS.ProcessEnv = {}) {
  const written: string[] = []
  const stream = { write: (text: string) => written.push(text) > 0, isTTY, columns: 20 }
  return { screen: createScreen(stream as never, environment), text: () => written.join('') }
}

test('without a terminal nothing is drawn and nothing is coloured', t => {
  const { screen, text } = terminal(false)
  screen.draw(['picture'])
  screen.print(screen.ink.bad('line'))
  screen.release()
  t.is(text(), 'line\n')
  t.false(screen.live)
})

test('on a terminal a picture replaces the last one, lines stay above it, and the cursor comes back', t => {
  const { screen, text } = terminal(true)
  screen.draw(['one', 'two'])
  screen.draw(['three'])
  screen.print('stays')
  screen.release()
  const erased = text().split('\u001b[2F\u001b[0J').join('\u001b[1F\u001b[0J').split('\u001b[1F\u001b[0J')
  t.is(erased.length, 3)
  t.regex(erased[0]!, /\?25l.*one\n.*two\n/s)
  t.regex(erased[2]!, /^stays\n.*three\n.*\?25h$/s)
})

test('NO_COLOR and a dumb terminal are honoured', t => {
  t.is(terminal(true, { NO_COLOR: '1' }).screen.ink.bad('x'), 'x')
  t.not(terminal(true).screen.ink.bad('x'), 'x')
  t.false(terminal(true, { TERM: 'dumb' }).screen.live)
})

test('a line is cut to the width of the screen, colours not counted', t => {
  t.is(cut('abcdef', 4), 'abcd')
  t.is(cut('abc', 4), 'abc')
  t.is(cut('\u001b[31mabcdef\u001b[0m', 4), '\u001b[31mabcd\u001b[0m')
})
