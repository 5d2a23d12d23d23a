/** What the HTTP interface shows of this node, and what an operator does through it. @module */

import { randomBytes } from 'node:crypto'
import { checkWords } from '../../contacts/check-words.ts'
import type { ContactService } from '../../contacts/contact-service.ts'
import type { ProposalService } from '../../contacts/proposal-service.ts'
import { recordCacheOf } from '../../datasets/record-cache.ts'
import type { OperatorError } from '../../errors.ts'
import type { NodeProblem } from '../../http/api/node.ts'
import type { NodeFacts, NodeView } from '../../http/api/view.ts'
import { IDLE_STATUS, type NodeStatus } from '../../http/status.ts'
import type { LogLevel } from '../../log.ts'
import { pricedElsewhere } from '../../privacy/patient-epsilons.ts'
import { privacyReport } from '../../privacy/report.ts'
import { studyPlace } from '../../privacy/study-place.ts'
import { boundDataset } from '../../storage/approved-studies.ts'
import { listEvidence } from '../../storage/evidence-folder.ts'
import { readVersion } from '../../version.ts'
import type { NodeShared } from '../running-study.ts'
import type { Studies, StudyEntry } from '../studies.ts'
import { datasetsAnswer } from './dataset-answers.ts'
import { nodeActions } from './node-actions.ts'
import { contactsAnswer, peersAnswer, type ReachFacts } from './peer-answers.ts'
import { searchResult } from './search-answer.ts'
import { type KnownStudy, rosterAnswer, studyAnswer, studyRounds, studySummary } from './study-answers.ts'
import { tableResult } from './table-answer.ts'

export interface ViewParts {
  readonly shared: NodeShared
  readonly studies: Studies
  readonly contacts: ContactService
  readonly proposals: ProposalService
  readonly reach: ReachFacts
  readonly live: () => boolean
  readonly logLevel: { get(): LogLevel; set(level: LogLevel): void }
  /** problems of the machine, such as its clock */
  readonly problems: () => readonly NodeProblem[]
  readonly clockDifferenceMs: () => number | null
}

export function nodeView(parts: ViewParts): NodeView {
  const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes))
  return { ...nodeFacts(parts), ...nodeActions({ ...parts, random, known: id => knownStudy(parts, id) }) }
}

function nodeFacts(parts: ViewParts): NodeFacts {
  const { shared, studies, contacts, reach } = parts
  const { config, host, folder } = shared
  const started = new Date().toISOString()
  const local = async ({ study, entry }: KnownStudy) => ({
    ...{ peer: host.peer, dataset: await boundDataset(folder, study.study) },
    result: [...(await tableResult(folder, study)), ...(await searchResult(folder, study, entry))],
    place: studyPlace(shared.ledger.books, { study: study.study, population: config.privacy.population }),
    datasets: Object.keys((await shared.freshConfig()).datasets),
  })
  return {
    live: parts.live,
    ready: () => readiness(parts),
    node: () => {
      const main = studies.find()?.running?.status()
      return {
        ...{
          peer: host.peer,
          site: config.site,
          checkWords: [...checkWords(host.peer)],
          version: readVersion(),
          started,
        },
        ...wellness(parts),
        engine: main?.engine ?? null,
        memoryBytes: process.memoryUsage.rss(),
        eventLoopLagP99Ms: main?.eventLoopLagP99Ms ?? 0,
        addresses: host.addresses(),
        clockDifferenceMs: parts.clockDifferenceMs(),
        logLevel: parts.logLevel.get(),
      }
    },
    contacts: () => contactsAnswer(contacts, peer => host.connected(peer)),
    peers: () => peersAnswer(studies.list(), { contacts: contacts.list(), reach }),
    studies: async () => ({
      studies: await Promise.all(allStudies(parts).map(async known => studySummary(known, await local(known)))),
    }),
    study: async id => {
      const known = knownStudy(parts, id)
      return known === null ? null : studyAnswer(known, await local(known))
    },
    rounds: async id => {
      const known = knownStudy(parts, id)
      if (known === null) return null
      const { running } = known.entry ?? { running: null }
      const evidence = (await listEvidence(folder)).filter(({ study }) => id.startsWith(study))
      const votes = (await running?.votes()) ?? new Map<number, number>()
      return studyRounds(running?.rounds() ?? [], { votes, evidence, evaluations: running?.evaluations?.points ?? [] })
    },
    roster: async id => {
      const known = knownStudy(parts, id)
      return known === null ? null : rosterAnswer(known, await local(known))
    },
    privacy: () => reportOf(parts),
    evidence: async () => ({
      evidence: (await listEvidence(folder)).map(({ file: _, ...entry }) => ({
        ...entry,
        site: siteOf(studies.list(), entry.peer),
        text: `proof of "${entry.code}" in round ${entry.round}: "confrere evidence show" says what it proves`,
      })),
    }),
    datasets: async () => ({ datasets: await datasetRows(parts) }),
    mainStudy: () => studies.find()?.approved.study ?? null,
    status: id => {
      const entry = studies.find(id ?? '')
      if (entry === undefined) return id === null ? { ...idleStatus(shared), problems: wellness(parts).problems } : null
      const { problems } = wellness(parts)
      const failed = entry.error === null ? {} : { lastError: errorOf(entry.error) }
      return { ...(entry.running?.status() ?? { ...idleStatus(shared), ...ofStudy(entry) }), ...failed, problems }
    },
  }
}

function allStudies({ studies, proposals }: ViewParts): KnownStudy[] {
  const entries = studies.list().map(entry => ({
    ...{ study: entry.approved, entry },
    proposal: proposals.list().find(({ study }) => study.study === entry.approved.study) ?? null,
  }))
  const known = new Set(entries.map(({ study }) => study.study))
  const proposed = proposals.list().filter(({ study }) => !known.has(study.study))
  return [...proposed.map(proposal => ({ study: proposal.study, entry: null, proposal })), ...entries]
}

function knownStudy(parts: ViewParts, id: string): KnownStudy | null {
  return allStudies(parts).find(({ study }) => study.study === id) ?? null
}

/**
 * A node is ready when every study that is not over can take part in a round. What a person should see to, and who is
 * absent although the rest is enough, is told of a node that is ready too.
 */
function readiness({ studies, problems }: ViewParts): { ready: boolean; reasons: string[] } {
  const entries = studies.list()
  const open = entries.filter(({ state }) => state !== 'finished' && state !== 'left')
  const reasons = open.flatMap(({ approved, error, running }) => {
    const waiting = running?.waiting()
    const why = error !== null ? [error.message] : waiting ? [waiting.text] : (running?.ready().reasons ?? [])
    return why.map(reason => (open.length > 1 ? `${approved.document.name}: ${reason}` : reason))
  })
  if (entries.length === 0) reasons.push('no study is approved yet')
  const ready = reasons.length === 0
  if (ready) reasons.push(...open.flatMap(({ running }) => absencesOf(running?.status())))
  reasons.push(...problems().map(({ message }) => message))
  return { ready, reasons: [...new Set(reasons)] }
}

/** Whether the node is well, in one sentence, and what a person should see to. */
function wellness({ studies, problems }: ViewParts) {
  const entries = studies.list()
  const failed = entries.flatMap(({ approved, error, failedSince }) =>
    error === null
      ? []
      : [
          {
            code: error.code,
            message: `${approved.document.name}: ${error.message}`,
            hint: error.hint ?? null,
            since: failedSince,
          },
        ],
  )
  const all = [...failed, ...problems()]
  const open = entries.filter(({ state }) => state === 'running' || state === 'starting')
  const waiting = open.flatMap(({ running }) => running?.waiting() ?? [])[0] ?? null
  const well = all.length === 0
  return { well, problems: all, waiting, state: stateText({ failed: all[0]?.message, waiting, entries }) }
}

function stateText({
  failed,
  waiting,
  entries,
}: {
  failed: string | undefined
  waiting: { readonly text: string } | null
  entries: readonly StudyEntry[]
}): string {
  if (failed !== undefined) return `Something needs you: ${failed}.`
  if (waiting !== null) return `All is well here; ${waiting.text}.`
  const running = entries.filter(({ state }) => state === 'running').length
  const absent = [...new Set(entries.flatMap(entry => absentSites(entry.running?.status())))]
  const besides = absent.length === 0 ? '' : `; absent: ${absent.join(', ')}`
  if (running > 0) return `All is well: ${running === 1 ? 'one study runs' : `${running} studies run`}${besides}.`
  return entries.some(({ state }) => state === 'finished')
    ? 'All is well: every study is finished.'
    : 'All is well: no study is approved yet.'
}

function absentSites(status: NodeStatus | undefined): string[] {
  if (status === undefined || status.phase === 'finished') return []
  return status.peers.flatMap(({ state, site, peer }) => (state === 'absent' ? [site || peer] : []))
}

function absencesOf(status: NodeStatus | undefined): string[] {
  if (status === undefined || status.phase === 'finished') return []
  return status.peers.flatMap(({ state, site, peer, reason }) =>
    state === 'absent' ? [`${site || peer} is absent${reason === null ? '' : `: ${reason}`}`] : [],
  )
}

function errorOf({ code, message, hint }: OperatorError): NonNullable<NodeStatus['lastError']> {
  return { code, message, hint: hint ?? null }
}

function reportOf({ shared, studies }: ViewParts) {
  const entries = studies.list()
  const worker = entries.find(({ running }) => running?.worker)?.running?.worker
  const documents = new Map(entries.map(({ approved }) => [approved.study, approved.document]))
  const patients = worker === undefined ? {} : { patients: pricedElsewhere(worker.epsilonsOfCopies) }
  const { epsilonMax } = shared.config.privacy
  return privacyReport({ ledger: shared.ledger.books, documents, epsilonMax, ...patients })
}

function siteOf(entries: readonly StudyEntry[], peer: string): string | null {
  const found = entries.flatMap(({ running }) => running?.status().peers ?? []).find(one => one.peer === peer)
  return found?.site ?? null
}

async function datasetRows({ shared, studies }: ViewParts) {
  const { folder } = shared
  const taken = await Promise.all(
    studies.list().map(async ({ approved, running }) => ({
      ...{ name: approved.document.name, kind: approved.document.contract.kind, counts: running?.counts ?? null },
      dataset: await boundDataset(folder, approved.study),
    })),
  )
  return await datasetsAnswer((await shared.freshConfig()).datasets, { cache: recordCacheOf(folder), taken })
}

function idleStatus({ identity, config }: NodeShared): NodeStatus {
  return {
    ...IDLE_STATUS,
    ...{ peer: identity.peer, site: config.site, version: readVersion(), population: config.privacy.population },
    ...{ study: null, studyName: null, phase: 'idle', rounds: 0, noiseMultiplier: null },
    memoryBytes: process.memoryUsage.rss(),
  }
}

/** Of a study that does not run. */
function ofStudy({ approved, state, error }: StudyEntry): Partial<NodeStatus> {
  return {
    ...{ study: approved.study, studyName: approved.document.name, phase: state },
    lastError: error && errorOf(error),
  }
}
