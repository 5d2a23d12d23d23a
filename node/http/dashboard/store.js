// @ts-check
/**
 * What the page knows: the node's answers by resource. After an event only what it changed is asked for again, at most
 * once a second, and not while nobody looks.
 *
 * @module
 */

import { isSilence, NodeRefusal, requestOf } from './api.js'
import { mergeRounds, ROUNDS_PAGE } from './round-list.js'
import { followEvents } from './stream.js'

/** @import { NodeAnswer } from '../api/node.ts' */
/** @import { ContactsAnswer, PeersAnswer } from '../api/contacts.ts' */
/** @import { DatasetsAnswer, EvidenceAnswer } from '../api/data.ts' */
/** @import { StudiesAnswer, StudyDetail, RosterAnswer, StudySummary } from '../api/studies.ts' */
/** @import { StudyRound } from '../api/rounds.ts' */
/** @import { NodeEvent } from '../api/events.ts' */
/** @import { Connection } from './stream.js' */
/** @import { RoundList } from './round-list.js' */
/** @import { PrivacyReport } from '../../privacy/report.ts' */

/**
 * @template T
 * @typedef {{ value?: T, problem?: NodeRefusal }} Answer an answer, and why the last try to renew it failed
 */
/**
 * @typedef {{
 *   node: Answer<NodeAnswer>, session: Answer<{ mayAct: boolean }>, contacts: Answer<ContactsAnswer>,
 *   peers: Answer<PeersAnswer>, studies: Answer<StudiesAnswer>, privacy: Answer<PrivacyReport>,
 *   evidence: Answer<EvidenceAnswer>, datasets: Answer<DatasetsAnswer>,
 *   details: Map<string, Answer<StudyDetail>>, rosters: Map<string, Answer<RosterAnswer>>,
 *   rounds: Map<string, Answer<RoundList>>,
 *   connection: Connection, chosen: string | null, notice: string | null,
 * }} State
 */

const RESOURCES = /** @type {const} */ ([
  'node',
  'session',
  'studies',
  'contacts',
  'peers',
  'privacy',
  'evidence',
  'datasets',
])
/** What to ask for again after an event of a type. @type {Readonly<Record<NodeEvent['type'], readonly string[]>>} */
const AFTER = {
  node: ['node'],
  contacts: ['contacts', 'peers', 'node'],
  peers: ['peers', 'node', 'studies'],
  studies: ['studies', 'details', 'node', 'privacy', 'peers', 'datasets'],
  round: ['rounds', 'studies', 'node', 'privacy', 'peers'],
  roster: ['rosters', 'peers'],
  datasets: ['datasets', 'studies', 'details'],
  evidence: ['evidence', 'node'],
}
const PAUSE_MS = 1000
/** What no event tells, such as the memory and the time left, is asked for so often. */
const REFRESH_MS = 30_000
const POLL_MS = 10_000
/** A page that nobody looks at frees its place in the stream after this. */
const HIDDEN_MS = 60_000
/** So many studies are asked about one by one. */
const STUDIES_ASKED = 20
/** Rounds that the curves have beside the newest ones. */
const EARLIER_MAX = 4 * ROUNDS_PAGE
const OPEN_STATES = ['approved', 'starting', 'running', 'waiting']

export class PageStore {
  /** @type {State} */
  state = {
    ...{ node: {}, session: {}, contacts: {}, peers: {}, studies: {}, privacy: {}, evidence: {}, datasets: {} },
    ...{ details: new Map(), rosters: new Map(), rounds: new Map() },
    ...{ connection: { kind: 'opening' }, chosen: null, notice: null },
  }
  /** @type {() => void} */ #changed
  /** @type {(event: NodeEvent) => void} */ #heard
  /** @type {Set<string>} */ #wanted = new Set()
  #busy = false
  #lastMs = -PAUSE_MS
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #hidden
  /** @type {ReturnType<typeof followEvents> | undefined} */ #stream

  /** @param {{ changed(): void, heard(event: NodeEvent): void }} to told after every change, and of every event */
  constructor({ changed, heard }) {
    this.#changed = changed
    this.#heard = heard
  }

  /** Begins to ask, and never ends. */
  async start() {
    document.addEventListener('visibilitychange', () => this.#look())
    setInterval(() => this.#tick(), POLL_MS)
    await this.#load('node')
    this.want(...RESOURCES.slice(1), 'rosters', 'details', 'rounds')
    this.#follow()
  }

  /** Asks for all of it again. */
  wantAll() {
    this.want(...RESOURCES, 'rosters', 'details', 'rounds')
  }

  /** @param {...string} names */
  want(...names) {
    for (const name of names) this.#wanted.add(name)
    if (this.#busy || this.#timer !== undefined || document.hidden) return
    this.#timer = setTimeout(() => void this.#flush(), Math.max(0, this.#lastMs + PAUSE_MS - performance.now()))
  }

  /** Opens the stream at once. */
  retry() {
    this.wantAll()
    this.#stream?.retry()
  }

  /** Which study's rounds are shown. @param {string} study */
  choose(study) {
    this.state.chosen = study
    this.want('rounds')
    this.#changed()
  }

  /** @param {string | null} text what was done */
  notify(text) {
    this.state.notice = text
    this.#changed()
  }

  /** The study whose rounds are shown: the chosen one, or the first that runs. @returns {StudySummary | undefined} */
  get chosen() {
    const studies = (this.state.studies.value?.studies ?? []).filter(({ state }) => state !== 'proposed')
    const first = studies.find(({ state }) => OPEN_STATES.includes(state)) ?? studies[0]
    return studies.find(({ id }) => id === this.state.chosen) ?? first
  }

  async #flush() {
    this.#timer = undefined
    this.#busy = true
    this.#lastMs = performance.now()
    const names = [...this.#wanted]
    this.#wanted.clear()
    // which studies there are comes first: the rest asks about them
    if (names.includes('studies')) await this.#load('studies')
    await Promise.all(names.filter(name => name !== 'studies').map(name => this.#load(name)))
    this.#busy = false
    if (this.#wanted.size > 0) this.want()
  }

  /** @param {string} name */
  async #load(name) {
    const studies = (this.state.studies.value?.studies ?? []).slice(0, STUDIES_ASKED)
    if (name === 'details')
      return this.#loadEach(
        'details',
        studies.filter(({ state }) => state === 'proposed'),
        '',
      )
    if (name === 'rosters') {
      return this.#loadEach(
        'rosters',
        studies.filter(({ state }) => OPEN_STATES.includes(state)),
        '/roster',
      )
    }
    if (name === 'rounds') return this.#loadRounds()
    const resource = /** @type {(typeof RESOURCES)[number]} */ (name)
    const before = this.state[resource].value
    this.#put(resource, await answerOf(`/v1/${name}`, before))
    if (name === 'studies' && statesOf(this.state.studies.value?.studies ?? []) !== statesOf(studies)) {
      this.want('details', 'rosters', 'rounds')
    }
  }

  /**
   * @param {'details' | 'rosters'} where
   * @param {readonly StudySummary[]} studies
   * @param {string} rest of the path
   */
  async #loadEach(where, studies, rest) {
    /** @type {Map<string, Answer<any>>} */
    const answers = new Map()
    const load = async (/** @type {string} */ id) => {
      answers.set(id, await answerOf(`/v1/studies/${id}${rest}`, this.state[where].get(id)?.value))
    }
    await Promise.all(studies.map(({ id }) => load(id)))
    this.state[where] = answers
    this.#changed()
  }

  async #loadRounds() {
    const id = this.chosen?.id
    if (id === undefined) return
    const known = this.state.rounds.get(id)?.value
    const since = known === undefined || known.last < 0 ? '' : `since=${known.last}&`
    const answer = await answerOf(`/v1/studies/${id}/rounds?${since}limit=${ROUNDS_PAGE}`, undefined)
    const value = answer.value === undefined ? known : mergeRounds(known, answer.value)
    this.state.rounds = new Map([[id, answer.problem === undefined ? { value } : { value, problem: answer.problem }]])
    this.#changed()
    if (answer.value?.more) this.want('rounds')
    else if (known === undefined && value !== undefined && value.first > 0) await this.#loadEarlier(id, value.first)
  }

  /** The curves' earlier rounds, once the newest are shown. @param {string} id @param {number} first */
  async #loadEarlier(id, first) {
    /** @type {StudyRound[]} */
    const rounds = []
    for (let since = Math.max(-1, first - 1 - EARLIER_MAX); since < first - 1; since += ROUNDS_PAGE) {
      const limit = Math.min(ROUNDS_PAGE, first - 1 - since)
      const { value } = await answerOf(`/v1/studies/${id}/rounds?since=${since}&limit=${limit}`, undefined)
      if (value === undefined) return
      rounds.push(...value.rounds)
    }
    this.state.rounds.set(id, { value: mergeRounds(this.state.rounds.get(id)?.value, { rounds }) })
    this.#changed()
  }

  /** @param {(typeof RESOURCES)[number]} name @param {Answer<any>} answer */
  #put(name, answer) {
    this.state[name] = answer
    this.#changed()
  }

  #follow() {
    if (this.#stream !== undefined) return
    const since = this.state.node.value?.lastEvent
    if (since === undefined) {
      // nothing to begin after yet: `#tick` asks again
      const [at, retryAt] = [new Date().toISOString(), Date.now() + POLL_MS]
      this.state.connection = { kind: 'broken', since: at, retryAt }
      this.#changed()
      return
    }
    this.#stream = followEvents({
      since,
      onEvent: event => {
        this.want(...(AFTER[event.type] ?? []))
        this.#heard(event)
      },
      onGap: () => this.wantAll(),
      onChange: now => {
        const before = this.state.connection.kind
        this.state.connection = now
        if (now.kind === 'live' && before !== 'opening' && before !== 'live') this.wantAll()
        this.#changed()
      },
    })
  }

  #tick() {
    const { kind } = this.state.connection
    if (this.#stream === undefined)
      void this.#load('node')
        .then(() => this.#follow())
        .then(() => this.wantAll())
    else if (kind === 'full') this.wantAll()
    else if (kind === 'live' && performance.now() - this.#lastMs > REFRESH_MS) this.want('node', 'studies', 'session')
    // "12 min" grows
    if (!document.hidden) this.#changed()
  }

  #look() {
    clearTimeout(this.#hidden)
    if (document.hidden) this.#hidden = setTimeout(() => this.#stream?.pause(), HIDDEN_MS)
    else {
      this.#stream?.resume()
      this.want()
      this.#changed()
    }
  }
}

/** @param {readonly StudySummary[]} studies @returns {string} */
function statesOf(studies) {
  return studies
    .slice(0, STUDIES_ASKED)
    .map(({ id, state }) => `${id} ${state}`)
    .join()
}

/**
 * @param {string} path
 * @param {any} before what is kept where there is no new answer
 * @returns {Promise<Answer<any>>}
 */
async function answerOf(path, before) {
  try {
    return { value: await requestOf(path) }
  } catch (error) {
    const problem =
      error instanceof NodeRefusal ? error : new NodeRefusal({ detail: String(error), code: 'bug', hint: null })
    // what was known stays while the node is away; what it refuses now is no longer shown
    return isSilence(problem) && before !== undefined ? { value: before, problem } : { problem }
  }
}
