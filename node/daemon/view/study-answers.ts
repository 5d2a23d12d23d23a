/** What the interface shows of studies: proposed ones, approved ones, and those that run. @module */

import { sha256 } from '../../../crypto/hash.ts'
import { hex, same } from '../../../protocols/immutable.ts'
import type { EvaluationPoint } from '../../../protocols/model/evaluation-state.ts'
import { decodeChange, describeChange } from '../../../protocols/roster/change.ts'
import { HIDDEN } from '../../../protocols/study/evaluation.ts'
import { quorumOf } from '../../../protocols/study/quorum.ts'
import { firstRound, lastRound } from '../../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import type { StudyProposal } from '../../contacts/proposal-folder.ts'
import type { StudyRound } from '../../http/api/rounds.ts'
import type { RosterAnswer, StudyDetail, StudySummary } from '../../http/api/studies.ts'
import { epsilonText, OBSERVERS, severalHospitalsLine, unitText } from '../../privacy/epsilon-text.ts'
import { placeSentence, type StudyPlace } from '../../privacy/study-place.ts'
import { peerIdString } from '../../storage/identity.ts'
import type { RoundRecord } from '../../storage/round-record.ts'
import type { VerifiedStudy } from '../../storage/study-file.ts'
import { describeStudy } from '../../study/description.ts'
import type { StudyEntry } from '../studies.ts'
import { typicalRoundMs } from '../waiting.ts'

/** A study that the node knows, approved or proposed or both. */
export interface KnownStudy {
  readonly study: VerifiedStudy
  readonly entry: StudyEntry | null
  readonly proposal: StudyProposal | null
}

interface Local {
  /** base58btc PeerId of this node */
  readonly peer: string
  /** the data set that the study is bound to */
  readonly dataset: string | null
  readonly datasets: readonly string[]
  /** lines of its table, see `tableResult` */
  readonly result: string[]
  /** among the studies of the account that pays for it */
  readonly place: StudyPlace
}

const STATE_TEXT: Readonly<Record<StudySummary['state'], string>> = {
  proposed: 'A contact proposes it: this hospital has not answered yet.',
  approved: 'It is approved here, and has not begun.',
  starting: 'It is starting.',
  running: 'It runs.',
  waiting: 'It waits.',
  finished: 'It is finished.',
  failed: 'It has stopped here.',
  left: 'This hospital has left it.',
}

export function studySummary({ study, entry, proposal }: KnownStudy, local: Local): StudySummary {
  const { document } = study
  const running = entry?.running ?? null
  const status = running?.status() ?? null
  const waiting = running?.waiting() ?? null
  const state = stateOf({ entry, proposal, waits: waiting !== null }, local.peer)
  const rounds = lastRound(document)
  const finished = running?.rounds() ?? []
  const last = finished.at(-1)?.round ?? firstRound(document) - 1
  const error = entry?.error ?? null
  return {
    ...{ id: study.study, name: document.name, state },
    text: error?.message ?? waiting?.text ?? STATE_TEXT[state],
    phase: status?.phase ?? null,
    roundKind: status?.roundKind ?? 'training',
    ...{ round: Math.max(0, last), rounds, secondsLeft: secondsLeft(finished, rounds - last) },
    waiting,
    privacy: privacyOf(document, entry),
    ...{ dataset: local.dataset, result: local.result },
    error: error && { code: error.code, message: error.message, hint: error.hint ?? null },
  }
}

function stateOf(
  { entry, proposal, waits }: Pick<KnownStudy, 'entry' | 'proposal'> & { waits: boolean },
  peer: string,
): StudySummary['state'] {
  if (entry === null) return proposal?.answers.get(peer)?.approves === false ? 'left' : 'proposed'
  return entry.state === 'running' && waits ? 'waiting' : entry.state
}

function secondsLeft(finished: readonly RoundRecord[], left: number): number | null {
  const typicalMs = typicalRoundMs(finished)
  return typicalMs === null || left <= 0 ? null : Math.round((typicalMs * left) / 1000)
}

function privacyOf(document: StudyDocument, entry: StudyEntry | null): StudySummary['privacy'] {
  const running = entry?.running
  const status = running?.status()
  const epsilon = status?.epsilon
  if (!epsilon) return null
  const { against, cap, delta } = epsilon
  const several = status.epsilonsOfPatient
  return {
    epsilons: OBSERVERS.map(observer => {
      const value = epsilon[observer]
      const charged = observer === 'colluding' ? ` of ${epsilonText(cap)}` : ''
      return {
        ...{ observer, against: against[observer], epsilon: Number.isFinite(value) ? value : null },
        text: `epsilon ${epsilonText(value)}${charged} against ${against[observer]}`,
      }
    }),
    ...{ delta, cap, unit: unitText({ ...document, delta }) },
    runsOutAtRound: running?.runsOutAtRound() ?? null,
    severalHospitals: several && severalHospitalsLine(several, against),
  }
}

export function studyAnswer(known: KnownStudy, local: Local): StudyDetail {
  const { study, entry, proposal } = known
  const { hospitals } = study.document
  const named = hospitals.map(({ id, name }) => ({ peer: peerIdString(id), site: name }))
  const answers = named.map(hospital => {
    const said = proposal?.answers.get(hospital.peer)
    const here = hospital.peer === local.peer && entry !== null && entry.state !== 'left'
    const answer = here || said?.approves ? 'approved' : said === undefined ? 'none' : 'refused'
    const at = said === undefined ? null : new Date(said.number).toISOString()
    return { ...hospital, answer, at } as const
  })
  return {
    ...studySummary(known, local),
    description: [...describeStudy(study.document), { title: 'On these patients', text: [placeSentence(local.place)] }],
    hospitals: named,
    approval: {
      proposedBy: named.find(({ peer }) => peer === (proposal?.from ?? study.founder)) ?? null,
      needed: named.length,
      hospitals: answers,
      open: entry === null || entry.state === 'left',
      // the records are read when the study starts: until then nobody knows
      datasets: local.datasets.map(name => ({ name, fits: null, reason: null })),
    },
  }
}

/** What the page shows beside finished rounds. */
export interface BesideRounds {
  readonly votes: ReadonlyMap<number, number>
  readonly evidence: readonly { readonly round: number }[]
  readonly evaluations: readonly EvaluationPoint[]
}

function evaluationAnswer(point: EvaluationPoint | undefined): StudyRound['evaluation'] {
  if (point === undefined) return null
  const { score, deviation, outcome } = point
  const isHidden = deviation >= HIDDEN
  return { auc: isHidden ? null : score, deviation: isHidden ? null : deviation, outcome }
}

/** Finished rounds, with what the page shows beside them. */
export function studyRounds(
  records: readonly RoundRecord[],
  { votes, evidence, evaluations }: BesideRounds,
): StudyRound[] {
  return records.map(record => ({
    ...record,
    certificate: votes.has(record.round) ? { votes: votes.get(record.round) as number } : null,
    evidence: evidence.filter(({ round }) => round === record.round).length,
    evaluation: evaluationAnswer(evaluations.find(({ at }) => at === record.round)),
  }))
}

/** A change that waits for approvals: proposed by a contact, or approved by some hospital. */
interface PendingChangeOf {
  readonly bytes: Uint8Array
  /** PeerIds */
  readonly by: readonly string[]
}

/** Changes of the roster that wait: those that contacts propose, and those that hospitals say in the rounds to approve. */
export function pendingChanges({ entry, proposal }: KnownStudy): PendingChangeOf[] {
  const approved = entry?.running?.changes() ?? []
  const known = proposal?.changes ?? []
  const proposed = known.filter(({ state }) => state === 'proposed')
  const others = approved.filter(({ bytes }) => !known.some(one => same(one.bytes, bytes)))
  const byOf = (bytes: Uint8Array) => approved.find(one => same(one.bytes, bytes))?.by ?? []
  return [...proposed.map(({ bytes }) => ({ bytes, by: byOf(bytes) })), ...others]
}

/** Whether a contact has proposed this change, rather than only approved it. */
export function isProposed({ proposal }: KnownStudy, change: Uint8Array): boolean {
  return proposal?.changes.some(({ bytes }) => same(bytes, change)) === true
}

/** The roster as the running study has it, with the changes that wait and the hospitals that approve each. */
export function rosterAnswer(known: KnownStudy, local: Local): RosterAnswer {
  const { study, entry, proposal } = known
  const status = entry?.running?.status()
  const named = study.document.hospitals.map(({ id, name }) => ({ peer: peerIdString(id), site: name }))
  const members = status?.peers.map(({ peer, site }) => ({ peer, site })) ?? named
  return {
    ...{ study: study.study, version: status?.roster.version ?? 0, members },
    pending: pendingChanges(known).map(({ bytes, by }) => ({
      ...{ change: hex(sha256(bytes)), text: describeChange(decodeChange(bytes)) },
      approvedHere: by.includes(local.peer),
      approvedBy: members.filter(({ peer }) => by.includes(peer)),
      needed: quorumOf({ hospitals: members.length, profile: study.document.profile }).quorum,
      since: isProposed(known, bytes) ? new Date(proposal?.since ?? 0).toISOString() : null,
    })),
  }
}
