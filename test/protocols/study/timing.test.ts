// Claim: no study has timers in proportions that void rounds which hospitals pay for; the presets are far from there.

import test from 'ava'
import { validateStudy } from '../../../protocols/study/document.ts'
import { checkTiming, TIMING_LAN, TIMING_WAN } from '../../../protocols/study/timing.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const document = testStudy(testSigners(4))

test('a timer below its floor is refused, and named with the floor; at the floor it passes', t => {
  const floors: [timer: keyof typeof TIMING_WAN, least: number, name: RegExp][] = [
    ['voidAfterMs', 34_000, /voidAfterMs is 33999, and must be at least dataBaseMs \+ voteTimeoutMs, 34000/],
    ['dataBaseMs', 4000, /dataBaseMs is 3999/],
    ['resendAfterMs', 2000, /resendAfterMs is 1999/],
    ['lostAfterMs', 1000, /lostAfterMs is 999/],
    ['voteTimeoutMsMax', 4000, /voteTimeoutMsMax is 3999/],
  ]
  for (const [timer, least, message] of floors) {
    const timing = (value: number) => ({ ...TIMING_WAN, [timer]: value })
    t.notThrows(() => checkTiming(timing(least)), timer)
    t.throws(() => checkTiming(timing(least - 1)), { code: 'malformed-study', message })
    t.throws(() => validateStudy({ ...document, timing: timing(least - 1) }), { code: 'malformed-study', message })
  }
})

test('no timeout is shorter than a message needs', t => {
  for (const timer of ['voteTimeoutMs', 'lostAfterMs', 'resendAfterMs', 'voidAfterMs', 'dataBaseMs'] as const) {
    const timing = { ...TIMING_LAN, [timer]: 10 }
    t.throws(() => validateStudy({ ...document, timing }), { code: 'malformed-study', message: new RegExp(timer) })
  }
})
