/** A node for the page's measurements and tests: several studies, hospitals and rounds, and answers that wait. @module */

import type { StudyDetail, StudySummary } from '../../node/http/api/studies.ts'
import type { NodeView } from '../../node/http/api/view.ts'
import { observerWords, severalHospitalsLine, UNIT_NOTE } from '../../node/privacy/epsilon-text.ts'

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const CITIES = ['Aachen', 'Bern', 'Coimbra', 'Dublin', 'Essen', 'Firenze', 'Ghent', 'Hamburg', 'Innsbruck', 'Jena']
const WORDS = ['apple', 'brook', 'cedar', 'delta', 'ember', 'flint']
const OWN_WORDS = ['grape', 'heron', 'igloo', 'jolly', 'kayak', 'lemon']
const UNIT = 'one patient (all records of it at a hospital together)'

export interface BusyNodeInit {
  /** hospitals, this one included */
  readonly hospitals: number
  readonly rounds: number
  /** milliseconds since the epoch: all times of the node are before it */
  readonly now: number
}

/** What the actions are told of. */
export interface BusyNode {
  readonly view: NodeView
  /** what was done, in order */
  readonly done: string[]
}

const peerOf = (place: number): string =>
  `12D3KooW${Array.from({ length: 44 }, (_, at) => BASE58[(place * 7 + at * (place + 3)) % BASE58.length]).join('')}`
const siteOf = (place: number): string =>
  place < CITIES.length ? `University Hospital ${CITIES[place]}` : `Hospital ${place + 1}`
const studyOf = (place: number): string => (0xa0 + place).toString(16).repeat(32)
const hospitalOf = (place: number) => ({ peer: peerOf(place), site: siteOf(place) })

/** The peer that waits to be a contact. */
export const PENDING_PEER = peerOf(200)
export const PROPOSED_STUDY = studyOf(2)
export const PENDING_CHANGE = 'cd'.repeat(32)

export function busyNode({ hospitals, rounds, now }: BusyNodeInit): BusyNode {
  const done: string[] = []
  const answered = new Set<string>()
  const before = (minutes: number) => new Date(now - minutes * 60_000).toISOString()
  const act = async (what: string, text: string) => {
    done.push(what)
    answered.add(what.split(' ').at(-1) as string)
    return { text }
  }
  const facts = { hospitals, rounds, before }
  const open = (id: string) => !answered.has(id)
  const view: NodeView = {
    ...watching(facts, open),
    ...studies(facts, open),
    approveContact: peer => act(`approve-contact ${peer}`, 'The hospital is a contact now.'),
    refuseContact: peer => act(`refuse-contact ${peer}`, 'The hospital is refused.'),
    createInvitation: async ({ hours, note }) => {
      done.push(`invite ${hours} ${note}`)
      return { id: '0123456789abcdef', invitation: `confrere1${'q9x7k2mf'.repeat(20)}`, expires: before(-60 * hours) }
    },
    withdrawInvitation: id => act(`withdraw ${id}`, 'The invitation is withdrawn.'),
    approveStudy: (id, dataset) => act(`approve-study ${dataset} ${id}`, 'The study is approved.'),
    refuseStudy: id => act(`refuse-study ${id}`, 'The study is refused.'),
    leaveStudy: id => act(`leave-study ${id}`, 'This hospital has left the study.'),
    approveChange: (_, change) => act(`approve-change ${change}`, 'The change is approved.'),
    refuseChange: (_, change) => act(`refuse-change ${change}`, 'The change is refused.'),
    setLogLevel: level => void done.push(`log ${level}`),
  }
  return { view, done }
}

interface Facts {
  readonly hospitals: number
  readonly rounds: number
  /** the instant so many minutes ago */
  before(minutes: number): string
}
type Open = (id: string) => boolean

function watching({ hospitals, rounds, before }: Facts, open: Open) {
  const places = Array.from({ length: hospitals }, (_, place) => place)
  return {
    live: () => true,
    ready: () => ({ ready: true, reasons: [] }),
    node: () => ({
      ...{
        ...hospitalOf(0),
        checkWords: OWN_WORDS,
        version: '0.1.0',
        started: before(4000),
        well: true,
        engine: 'wasm',
      },
      state: 'All is well: one study trains, one waits.',
      waiting: {
        text: `"Sepsis within 48 hours" waits for ${siteOf(3)} (all four are needed: 3 of 4 present)`,
        since: before(37),
      },
      ...{ memoryBytes: 412e6, eventLoopLagP99Ms: 11, clockDifferenceMs: -240, logLevel: 'info' as const },
      problems: [
        {
          ...{ code: 'dial', message: `${siteOf(3)} cannot be reached: connection refused`, since: before(37) },
          hint: 'Ask its operator whether the node runs, and whether the firewall lets port 7419 in.',
        },
      ],
      addresses: ['/ip4/192.0.2.7/tcp/7419', '/dns4/confrere.example.org/tcp/443/wss'],
    }),
    contacts: () => ({
      contacts: places.slice(1).map(place => ({
        ...{ ...hospitalOf(place), checkWords: WORDS.toReversed(), approved: before(9000), connected: place !== 3 },
        mutual: true,
      })),
      pending: [
        {
          ...{
            peer: PENDING_PEER,
            site: 'Clinic of Kraków',
            checkWords: WORDS,
            since: before(12),
          },
          ...{ introducedBy: hospitalOf(1), direction: 'introduced' as const },
        },
      ].filter(({ peer }) => open(peer)),
      invitations: [{ id: '0123456789abcdef', created: before(60), expires: before(-4000), note: 'Clinic in Lyon' }],
    }),
    peers: () => ({ peers: places.map(place => peerRow(place, { rounds, before, hospitals })) }),
    evidence: () => ({ evidence: [] }),
    datasets: () => ({
      datasets: [
        { name: 'chest-2019', kind: 'images', records: 18_420, patients: 9120, studies: ['Pneumonia'], problem: null },
        { name: 'icu', kind: 'table', records: 40_210, patients: 31_877, studies: [], problem: null },
      ],
    }),
    mainStudy: () => studyOf(0),
    status: () => null,
  } satisfies Partial<NodeView>
}

function peerRow(place: number, { rounds, before }: Facts) {
  const absent = place === 3
  const count = Math.min(60, rounds)
  const marks = Array.from({ length: count }, (_, at) => {
    if (at === 23) return 'void' as const
    return (absent && at > count - 9) || (at * 7 + place * 11) % 29 === 0
      ? ('absent' as const)
      : ('contributed' as const)
  })
  const state = place === 0 ? ('self' as const) : absent ? ('absent' as const) : ('connected' as const)
  const relayed = place % 3 === 2
  return {
    ...{ ...hospitalOf(place), state, contact: true, reason: absent ? 'it has not answered since 37 minutes' : null },
    reached:
      state === 'connected'
        ? {
            how: relayed ? ('relay' as const) : ('direct' as const),
            through: relayed ? siteOf(1) : null,
            text: relayed ? `through ${siteOf(1)}, which sees ciphertext only` : 'directly',
          }
        : null,
    failedDial: absent ? { text: 'connection refused at 192.0.2.44, port 7419', since: before(37) } : null,
    strips: count === 0 ? [] : [{ study: studyOf(0), firstRound: rounds - count, marks }],
  }
}

function studies({ hospitals, rounds, before }: Facts, open: Open) {
  const round = (at: number) => ({
    ...{ round: at, outcome: at % 97 === 23 ? ('void' as const) : ('result' as const), views: at % 97 === 23 ? 3 : 1 },
    contributors: Array.from({ length: hospitals - (at % 29 === 5 && hospitals > 1 ? 1 : 0) }, (_, place) =>
      peerOf(place),
    ),
    ...{ durationMs: 14_000 + 5000 * Math.sin(at / 9) + 900 * (at % 7), trainMs: 9000, beyondMs: 4000, bytesSent: 2e6 },
    ...{
      checkpoint: at.toString(16).padStart(2, '0').repeat(32).slice(0, 64),
      finishedAt: before((rounds - at) * 0.3),
    },
    ...{ certificate: { votes: hospitals }, evidence: 0, evaluation: null },
  })
  const all = Array.from({ length: rounds }, (_, at) => round(at))
  const list = summaries(rounds, before).filter(({ id, state }) => state !== 'proposed' || open(id))
  return {
    studies: () => ({ studies: summaries(rounds, before).filter(({ id, state }) => state !== 'proposed' || open(id)) }),
    study: (id: string) => {
      const summary = list.find(study => study.id === id)
      return summary === undefined ? null : detail(summary, { hospitals, rounds, before })
    },
    rounds: (id: string) => (id === studyOf(0) ? all : list.some(study => study.id === id) ? [] : null),
    roster: (id: string) => ({
      ...{ study: id, version: 1, members: Array.from({ length: hospitals }, (_, place) => hospitalOf(place)) },
      pending: [
        {
          ...{ change: PENDING_CHANGE, text: `${siteOf(8)} joins the study`, approvedBy: [hospitalOf(1)], needed: 3 },
          ...{ approvedHere: false, since: before(300) },
        },
      ].filter(({ change }) => id === studyOf(0) && open(change)),
    }),
    privacy: () => ({
      accounts: [
        {
          ...{ account: 0, peer: peerOf(0), population: null, delta: 1e-6, apart: false, epsilon: 2.214, cap: 8 },
          epsilonsOfPatient: [1, 2, 3].map(known => ({ hospitals: known, colluding: 2.214 * known })),
          studies: [],
        },
      ],
      note: UNIT_NOTE,
    }),
  } satisfies Partial<NodeView>
}

function summaries(rounds: number, before: Facts['before']): StudySummary[] {
  const total = Math.max(680, rounds)
  const shared = { roundKind: 'training' as const, error: null, waiting: null, dataset: 'chest-2019', result: [] }
  return [
    {
      ...{
        ...shared,
        id: studyOf(0),
        name: 'Pneumonia in chest radiographs',
        state: 'running',
        phase: 'sharing masks',
      },
      ...{ text: 'It trains.', round: rounds, rounds: total, secondsLeft: 7640, privacy: privacyOf(2.214, 3, null) },
    },
    {
      ...{
        ...shared,
        id: studyOf(1),
        name: 'Sepsis within 48 hours',
        state: 'waiting',
        phase: null,
        dataset: 'icu',
        result: [],
      },
      ...{ text: `It waits for ${siteOf(3)}.`, round: 40, rounds: 300, secondsLeft: null },
      waiting: { text: 'All four are needed: 3 of 4 are present', since: before(37) },
      privacy: privacyOf(2.71, 3, 52),
    },
    {
      ...{
        ...shared,
        id: studyOf(2),
        name: 'Diabetic retinopathy grades',
        state: 'proposed',
        phase: null,
        dataset: null,
        result: [],
      },
      ...{
        text: 'It waits for your answer.',
        round: 0,
        rounds: 400,
        secondsLeft: null,
        privacy: privacyOf(0, 3, null),
      },
    },
  ]
}

function privacyOf(spent: number, cap: number, runsOutAtRound: number | null): StudySummary['privacy'] {
  const against = observerWords(1)
  const parts = { colluding: 1, model: 0.7, alone: 1.31 }
  return {
    epsilons: (['colluding', 'model', 'alone'] as const).map(observer => {
      const epsilon = Number((spent * parts[observer]).toPrecision(4))
      const end = observer === 'colluding' ? ': what was charged' : ''
      const of = observer === 'colluding' ? ` of ${cap}` : ''
      return {
        observer,
        epsilon,
        against: against[observer],
        text: `epsilon ${epsilon}${of} against ${against[observer]}${end}`,
      }
    }),
    ...{ delta: 1e-6, unit: UNIT, cap, runsOutAtRound },
    severalHospitals: severalHospitalsLine([1, 2, 3].map(known => ({ hospitals: known, colluding: spent * known }))),
  }
}

function detail(summary: StudySummary, { hospitals, before }: Facts): StudyDetail {
  return {
    ...summary,
    description: [
      {
        title: 'What is trained',
        text: ['A small convolutional network that grades photographs of the retina, 0 to 4.'],
      },
      {
        title: 'What it costs',
        text: ['At most epsilon 3 of one patient, at delta 1e-6, against any one of the hospitals.'],
      },
      { title: 'When a hospital is absent', text: ['Rounds go on as long as three of four hospitals are there.'] },
    ],
    hospitals: Array.from({ length: hospitals }, (_, place) => hospitalOf(place)),
    approval: {
      ...{ proposedBy: hospitalOf(2), needed: 3, open: summary.state === 'proposed' },
      hospitals: [0, 1, 2, 3].map(place => ({
        ...{ ...hospitalOf(place), answer: place === 2 ? ('approved' as const) : ('none' as const) },
        at: place === 2 ? before(180) : null,
      })),
      datasets: [
        { name: 'chest-2019', fits: false, reason: 'the study needs five classes, this data set has two' },
        { name: 'retina', fits: true, reason: null },
        { name: 'retina-2', fits: true, reason: null },
      ],
    },
  }
}
