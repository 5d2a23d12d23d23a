/**
 * The studies of a node, side by side: every approved one is started, now or when its approval comes; one that fails keeps
 * no other from going on, and is tried again where time may mend it.
 *
 * @module
 */

import { OperatorError } from '../errors.ts'
import { approvedStudies, markedAt, noteCurrentStudy } from '../storage/approved-studies.ts'
import type { VerifiedStudy } from '../storage/study-file.ts'
import { type NodeShared, RunningStudy } from './running-study.ts'
import { requireStartable } from './startable.ts'

/** How often the folder is looked at for approvals and departures. */
const LOOK_MS = 2000
/** How often it is looked whether studies move. */
const WATCH_MS = 1000
/** Until a study that has failed is tried again. */
const RETRY_MS = 60_000
/** A study that has ended is taken up at a start for so long, to serve hospitals that were away. */
const SERVED_MS = 30 * 24 * 3600 * 1000

/** Faults that time does not mend: only a person does. */
const FINAL = new Set([
  'conflicting-certificates',
  'ledger-broken',
  'ledger-missing',
  'not-in-roster',
  'privacy-budget-exhausted',
  'removed-from-roster',
])

export type StudyState = 'starting' | 'running' | 'failed' | 'finished' | 'left'

/** One approved study, whether it runs or not. */
export interface StudyEntry {
  readonly approved: VerifiedStudy
  readonly state: StudyState
  /** what it has failed with */
  readonly error: OperatorError | null
  /** when it first failed with that, ISO 8601; kept while it is tried again */
  readonly failedSince: string | null
  /** while it is started or runs, also after its last round */
  readonly running: RunningStudy | null
}

interface Slot {
  approved: VerifiedStudy
  state: StudyState
  error: OperatorError | null
  failedSince: string | null
  running: RunningStudy | null
  /** ms, monotonic: when to start it again */
  retryAt: number
}

export interface StudiesInit {
  readonly shared: NodeShared
  /** hex id: this study alone, and the node ends with it; null: all that are approved */
  readonly only: string | null
  /** a fault that no operator can mend, or of the one study that the node is for */
  readonly fatal: (error: unknown) => void
  /** told after anything has changed, in words */
  readonly changed?: (what: { type: 'studies' | 'round' | 'roster'; study: string; text: string }) => void
}

export class Studies {
  readonly #init: StudiesInit
  readonly #slots = new Map<string, Slot>()
  #timer: NodeJS.Timeout | undefined
  #watching: NodeJS.Timeout | undefined
  #looking: Promise<void> = Promise.resolve()
  #stopped = false
  /** the last trouble with the folder */
  #told = ''
  /** studies that have failed and are being stopped: the store is open for them until then */
  readonly #ending = new Set<Promise<void>>()

  constructor(init: StudiesInit) {
    this.#init = init
  }

  /** In the order of approval files; unfinished ones first. */
  list(): StudyEntry[] {
    const rank = ({ state }: StudyEntry): number => ['running', 'starting', 'failed', 'finished', 'left'].indexOf(state)
    return [...this.#slots.values()].sort((a, b) => rank(a) - rank(b))
  }

  /** @param prefix of the id; undefined: the first in `list` */
  find(prefix = ''): StudyEntry | undefined {
    return this.list().find(({ approved }) => approved.study.startsWith(prefix.toLowerCase()))
  }

  /** Starts what is approved, and looks for changes from now on. */
  async start(): Promise<void> {
    await this.look()
    this.#watching = setInterval(() => this.#watch(), WATCH_MS)
    const again = (): void => {
      this.#timer = setTimeout(() => {
        this.look()
          .then(
            () => this.#trouble(null),
            error => this.#trouble(error),
          )
          .finally(() => void (this.#stopped || again()))
      }, LOOK_MS)
    }
    again()
  }

  /** Looks at the folder now: begins and ends what has changed. */
  look(): Promise<void> {
    this.#looking = this.#looking.catch(() => {}).then(() => this.#look())
    return this.#looking
  }

  /** Says once what is wrong with the folder of studies, not at every look. */
  #trouble(error: unknown): void {
    const text = error === null ? '' : String(error)
    if (text !== '' && text !== this.#told) {
      this.#init.shared.log.error({ err: error }, 'approved studies cannot be read')
    }
    this.#told = text
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    clearInterval(this.#watching)
    await this.#looking.catch(() => {})
    await Promise.all([...this.#slots.values()].map(({ running }) => running?.stop()))
    await Promise.all(this.#ending)
  }

  async #look(): Promise<void> {
    const { shared, only } = this.#init
    const { folder } = shared
    const approved = await approvedStudies(folder)
    for (const one of approved) {
      if (this.#stopped || (only !== null && one.study !== only)) continue
      const slot = this.#slotOf(one)
      const hasLeft = (await markedAt(folder, one.study, 'left')) !== null
      if (hasLeft) await this.#leave(slot)
      else if (slot.running === null && performance.now() >= slot.retryAt) await this.#begin(slot)
    }
  }

  #slotOf(approved: VerifiedStudy): Slot {
    const known = this.#slots.get(approved.study)
    if (known !== undefined) return known
    const slot: Slot = { approved, state: 'starting', error: null, failedSince: null, running: null, retryAt: 0 }
    this.#slots.set(approved.study, slot)
    return slot
  }

  async #leave(slot: Slot): Promise<void> {
    // approved again, it begins at once
    slot.retryAt = 0
    if (slot.state === 'left') return
    const { running } = slot
    Object.assign(slot, { state: 'left', error: null, failedSince: null, running: null })
    await running?.stop()
    this.#tell(slot, 'this hospital has left it')
  }

  async #begin(slot: Slot): Promise<void> {
    const { shared } = this.#init
    const { study } = slot.approved
    const finishedAt = await markedAt(shared.folder, study, 'finished')
    if (finishedAt !== null && Date.now() - finishedAt > SERVED_MS && this.#init.only === null) {
      Object.assign(slot, { state: 'finished', retryAt: Number.POSITIVE_INFINITY })
      return
    }
    const log = shared.log.child({ study: study.slice(0, 12) })
    const running = new RunningStudy(
      slot.approved,
      { ...shared, log },
      {
        failed: error => this.#failed(slot, error),
        finished: () => {
          slot.state = 'finished'
          this.#tell(slot, 'finished')
        },
        completed: round => this.#tell(slot, `round ${round} is certified`, 'round'),
      },
    )
    // what it has failed with stands until it runs
    Object.assign(slot, { state: 'starting', running })
    this.#tell(slot, 'starting')
    // not waited for: the next study starts beside it
    void (async () => {
      try {
        await requireStartable(slot.approved, { ...shared, config: await shared.freshConfig() })
        await noteCurrentStudy(shared.folder, study)
        await running.start()
        if (slot.running !== running) return
        Object.assign(slot, { error: null, failedSince: null })
        // a study of which the last round was certified before this start has said so already
        if (slot.state === 'starting') slot.state = finishedAt === null ? 'running' : 'finished'
        this.#tell(slot, 'running')
      } catch (error) {
        if (slot.running === running) this.#failed(slot, error)
      }
    })()
  }

  #failed(slot: Slot, error: unknown): void {
    const { shared, only, fatal } = this.#init
    const { running } = slot
    if (this.#stopped || running === null) return
    const { log } = shared
    const named = { study: slot.approved.study.slice(0, 12), name: slot.approved.document.name }
    if (only !== null || !(error instanceof OperatorError)) {
      log.fatal({ err: error, ...named }, 'the node cannot go on')
      fatal(error)
      return
    }
    const isFinal = FINAL.has(error.code)
    log.error({ err: error, ...named, hint: error.hint }, `the study has stopped here: ${error.message}`)
    const retryAt = isFinal ? Number.POSITIVE_INFINITY : performance.now() + RETRY_MS
    const isSame = slot.error?.message === error.message
    const failedSince = (isSame && slot.failedSince) || new Date().toISOString()
    Object.assign(slot, { state: 'failed', error, failedSince, running: null, retryAt })
    this.#tell(slot, `stopped here: ${error.message}`)
    const ending = running.stop().finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
  }

  /** Says what each study waits for, in the log and to whoever listens, when that changes. */
  #watch(): void {
    for (const slot of this.#slots.values()) {
      if (slot.running === null) continue
      const study = slot.approved.study.slice(0, 12)
      const hasChanged = slot.running.watch(Date.now())
      const absences = slot.running.newAbsences()
      // those that it waits for are in that sentence
      if (slot.running.waiting() === null) for (const text of absences) this.#init.shared.log.warn({ study }, text)
      if (slot.running.hasNewRoster()) this.#tell(slot, 'the roster or its approvals have changed', 'roster')
      if (!hasChanged) continue
      const waiting = slot.running.waiting()
      if (waiting === null) this.#init.shared.log.info({ study }, 'the study moves on')
      else if (slot.state !== 'starting') this.#init.shared.log.warn({ study }, waiting.text)
      this.#tell(slot, waiting?.text ?? 'moves on')
    }
  }

  #tell({ approved }: Slot, what: string, type: 'studies' | 'round' | 'roster' = 'studies'): void {
    this.#init.changed?.({ type, study: approved.study, text: `${approved.document.name}: ${what}` })
  }
}
