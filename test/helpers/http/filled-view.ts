/** A node for tests of the HTTP interface: every field of every answer is filled, and actions note their calls. @module */

import { OperatorError } from '../../../node/errors.ts'
import type { NodeView } from '../../../node/http/api/view.ts'
import { createApp } from '../../../node/http/app.ts'
import { EventFeed } from '../../../node/http/event-feed.ts'
import type { Page } from '../../../node/http/page.ts'
import type { Deed } from '../../../node/http/recording.ts'
import { Sessions } from '../../../node/http/sessions.ts'
import { observerWords, UNIT_NOTE } from '../../../node/privacy/epsilon-text.ts'

export const PEER = '12D3KooWJ2mq7UWgXGRjzEqT3JHPAhXTzgDTtgJdV6vPzRzWCxYz'
export const OTHER = '12D3KooWQ7EyCE5bQDu4bjNmDkhzcvSQ5UR9Y2d6uWkLfWCRCmnh'
export const STUDY = 'ab'.repeat(32)
export const CHANGE = 'cd'.repeat(32)
export const INVITATION = '0123456789abcdef'
export const SECRET_INVITATION = 'confrere-invitation-with-a-secret'
/** a name as a hostile hospital may choose it */
export const HOSTILE_NAME = '</script><img src=x onerror=alert(1)>\r\n\r\ndata: x'
export const TOKEN = 'the-token-of-a-test_0123456789-abcdefghijkl'

const AT = '2026-03-01T12:00:00.000Z'
const WORDS = ['apple', 'brook', 'cedar', 'delta', 'ember', 'flint']
const hospital = { peer: OTHER, site: HOSTILE_NAME }
const against = observerWords(1)
const epsilons = { colluding: 1.5, model: 1, alone: 2 }

const summary = {
  ...{ id: STUDY, name: HOSTILE_NAME, state: 'waiting' as const, text: 'Waiting for Hospital C', phase: 'training' },
  ...{ roundKind: 'training' as const, round: 3, rounds: 10, secondsLeft: 420 },
  waiting: { text: 'waiting for Hospital C', since: AT },
  privacy: {
    epsilons: (['colluding', 'model', 'alone'] as const).map(observer => ({
      ...{ observer, epsilon: epsilons[observer], against: against[observer], text: `epsilon against ${observer}` },
    })),
    ...{ delta: 1e-6, unit: 'one patient', cap: 3, runsOutAtRound: 9, severalHospitals: 'epsilon 3 / 4' },
  },
  ...{ dataset: 'chest', result: ['Units     740 (711 to 769)'], error: { code: 'x', message: 'y', hint: 'z' } },
}

const round = (number: number) => ({
  ...{ round: number, outcome: 'result' as const, views: 1, contributors: [PEER], durationMs: 900, trainMs: 300 },
  ...{ beyondMs: 600, bytesSent: 1000, checkpoint: 'ef'.repeat(32), finishedAt: AT },
  ...{ certificate: { votes: 3 }, evidence: 0, evaluation: { auc: 0.8, deviation: 0.02, outcome: 'best' as const } },
})

const status = {
  ...{ peer: PEER, site: 'Hospital A', version: '0.1.0', study: STUDY, studyName: 'S', phase: 'training', stage: null },
  ...{ round: 3, roundKind: 'training' as const, rounds: 10, view: 0, contributors: [PEER], population: null },
  peers: [{ ...hospital, state: 'absent' as const, reason: 'no answer', reached: 'directly' }],
  waiting: { text: 'waiting for Hospital C', since: AT },
  problems: [{ code: 'clock', message: 'The clock differs', hint: 'Set it', since: AT }],
  epsilon: { ...epsilons, unit: 'patient' as const, copies: 1, delta: 1e-6, cap: 3, against },
  ...{ epsilonsOfPatient: [{ hospitals: 1, colluding: 1.5 }], noiseMultiplier: 1, engine: 'wasm', checkpoint: 'ef' },
  ...{ memoryBytes: 1, eventLoopLagP99Ms: 1.5, lastError: { code: 'x', message: 'y', hint: 'z' } },
  roster: {
    version: 1,
    approving: 'Hospital D joins',
    approvals: [{ change: CHANGE, text: 'Hospital D joins', by: [OTHER] }],
  },
  ...{ strikes: [{ peer: OTHER, reason: 'slow', count: 2 }], evidence: 1 },
}

const spending = {
  ...{
    study: STUDY,
    name: 'S',
    charged: 3,
    rounds: 10,
    statistics: true,
    evaluations: null,
    delta: 1e-6,
    colluders: 1,
    cap: 3,
  },
  ...{ ...epsilons, colludingRenyi: 1.6, unit: 'record' as const, copies: 1, against },
  epsilonsOfPatient: [{ hospitals: 1, ...epsilons }],
  epsilonsOfRecords: [{ records: 2, colluding: 2 }],
}

/** Facts of the node. */
const FACTS = {
  live: () => true,
  ready: () => ({ ready: true, reasons: ['none'] }),
  node: () => ({
    ...{ peer: PEER, site: 'Hospital A', checkWords: WORDS, version: '0.1.0', started: AT, state: 'All is well.' },
    ...{ well: true, waiting: { text: 'waiting', since: AT }, engine: 'wasm', memoryBytes: 1, eventLoopLagP99Ms: 1.5 },
    problems: [{ code: 'clock', message: 'The clock differs', hint: 'Set it', since: AT }],
    ...{ addresses: ['/ip4/192.0.2.7/tcp/7419'], clockDifferenceMs: -20, logLevel: 'info' as const },
  }),
  contacts: () => ({
    contacts: [{ ...hospital, checkWords: WORDS, approved: AT, connected: true, mutual: false }],
    pending: [{ ...hospital, checkWords: WORDS, introducedBy: hospital, direction: 'introduced' as const, since: AT }],
    invitations: [{ id: INVITATION, created: AT, expires: AT, note: 'Hospital B' }],
  }),
  peers: () => ({
    peers: [
      {
        ...{ ...hospital, state: 'connected' as const, reason: 'x', contact: true },
        reached: { how: 'relay' as const, through: 'Hospital C', text: 'through Hospital C' },
        failedDial: { text: 'connection refused', since: AT },
        strips: [{ study: STUDY, firstRound: 1, marks: ['contributed' as const, 'absent' as const, 'void' as const] }],
      },
    ],
  }),
  studies: () => ({ studies: [summary] }),
  roster: (id: string) =>
    id !== STUDY
      ? null
      : {
          ...{ study: STUDY, version: 1, members: [hospital] },
          pending: [{ change: CHANGE, text: 'x', approvedBy: [hospital], needed: 2, approvedHere: false, since: AT }],
        },
  rounds: (id: string) => (id === STUDY ? [0, 1, 2, 3, 4].map(round) : null),
  evidence: () => ({
    evidence: [{ study: 'ab'.repeat(4), round: 1, code: 'x', peer: OTHER, site: 'B', bytes: 9, text: 'lied' }],
  }),
  datasets: () => ({
    datasets: [{ name: 'chest', kind: 'images', records: 10, patients: 5, studies: ['S'], problem: 'x' }],
  }),
  mainStudy: () => STUDY,
  status: (id: string | null) => (id === null || id === STUDY ? status : null),
} satisfies Partial<NodeView>

/** A view whose actions add to `done`; those of what is unknown throw. */
export function filledView(done: string[] = [], changes: Partial<NodeView> = {}): NodeView {
  const act = async (what: string) => {
    done.push(what)
    return { text: `Done: ${what}` }
  }
  return {
    ...FACTS,
    study: id =>
      id !== STUDY
        ? null
        : {
            ...summary,
            description: [{ title: 'What is trained', text: [HOSTILE_NAME] }],
            hospitals: [hospital],
            approval: {
              ...{ proposedBy: hospital, needed: 3, open: true },
              hospitals: [{ ...hospital, answer: 'approved', at: AT }],
              datasets: [{ name: 'chest', fits: false, reason: 'other classes' }],
            },
          },
    privacy: () => ({
      accounts: [
        {
          ...{ account: 0, peer: PEER, population: 'P', delta: 1e-6, apart: false, epsilon: 1.5, cap: 8 },
          ...{ epsilonsOfPatient: [{ hospitals: 1, colluding: Number.POSITIVE_INFINITY }], studies: [spending] },
        },
      ],
      note: UNIT_NOTE,
    }),
    approveContact: peer => act(`approve contact ${peer}`),
    refuseContact: async peer => {
      if (peer !== OTHER) throw new OperatorError('unknown-contact', 'No such contact', { hint: 'Look.', exitCode: 2 })
      return act(`refuse contact ${peer}`)
    },
    createInvitation: async ({ hours }) => {
      done.push(`invite for ${hours} h`)
      return { id: INVITATION, invitation: SECRET_INVITATION, expires: AT }
    },
    withdrawInvitation: id => act(`withdraw ${id}`),
    approveStudy: (id, dataset) => act(`approve ${id} with ${dataset}`),
    refuseStudy: id => act(`refuse ${id}`),
    leaveStudy: async id => {
      throw new OperatorError('not-now', `Study ${id.slice(0, 4)} cannot be left now`, { hint: 'Wait.', exitCode: 7 })
    },
    approveChange: (id, change) => act(`approve change ${change} of ${id}`),
    refuseChange: (id, change) => act(`refuse change ${change} of ${id}`),
    setLogLevel: level => void done.push(`log ${level}`),
    ...changes,
  }
}

/** A feed on a clock that is turned by hand: `beat` makes its repeated call, `beating` is how often it is to come. */
export function handFeed(start = 1_000_000): {
  feed: EventFeed
  beat(): void
  beating(): number | null
  time: { now: number }
} {
  const time = { now: start }
  let repeated: { ms: number; call: () => void } | null = null
  const feed = new EventFeed({
    now: () => time.now,
    every: (ms, call) => {
      repeated = { ms, call }
      return () => {
        repeated = null
      }
    },
  })
  return { feed, beat: () => repeated?.call(), beating: () => repeated?.ms ?? null, time }
}

/** Everything an app needs, on clocks that are turned by hand. */
export function appForTest(
  changes: {
    view?: NodeView
    page?: Page
    remote?: boolean
    names?: string[]
    onError?: (error: unknown) => void
    record?: (deed: Deed) => Promise<void>
  } = {},
) {
  const { feed, beat, time } = handFeed()
  let drawn = 0
  const random = (bytes: number) => new Uint8Array(bytes).fill(drawn++)
  const sessions = new Sessions({ token: TOKEN, peer: PEER, now: () => time.now, random })
  const parts = { view: filledView(), page: new Map(), metrics: () => 'up 1\n', ...changes, events: feed, sessions }
  return { app: createApp(parts), feed, beat, time, sessions }
}

export const LOCAL = { host: '127.0.0.1:7420' }
export const BEARER = { ...LOCAL, authorization: `Bearer ${TOKEN}` }
