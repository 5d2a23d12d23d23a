/** The sources of a dossier, verified one against the other. @module */

import { fromString } from 'uint8arrays/from-string'
import { toString as bytesToString } from 'uint8arrays/to-string'
import { z } from 'zod'
import { CodedError } from '../../crypto/errors.ts'
import { type Checkpoint, checkpointHash, checkpointShape, decodeCheckpoint } from '../../protocols/model/checkpoint.ts'
import { type CertifiedResult, verifyCertificate, verifyTranscript } from '../../protocols/transcript/certificate.ts'
import { decodeLink } from '../../protocols/transcript/link.ts'
import { OperatorError } from '../errors.ts'
import { type AuditResult, decodeAudit } from '../export/audit-result.ts'
import { SourceError } from '../export/contents.ts'
import { ledgerOfText, type VerifiedLedger } from '../privacy/ledger-file.ts'
import { type Action, parseAction } from '../storage/action-log.ts'
import { openStudy, type VerifiedStudy } from '../storage/study-file.ts'
import { decodeKept, type Kept } from './keeping.ts'
import { decodeReport, type ReportFigures } from './report-figures.ts'
import {
  ACTIONS_SOURCE,
  AUDIT_SOURCE,
  BASELINE_SOURCE,
  CERTIFICATE_SOURCE,
  CHECKPOINT_SOURCE,
  KEEPING_SOURCE,
  LEDGER_SOURCE,
  REPORT_SOURCE,
  STUDY_SOURCE,
  TRANSCRIPT_SOURCE,
} from './sources.ts'

/** A certified round of the transcript. */
export interface TracedRound {
  /** of transcript.jsonl, from 1 */
  readonly line: number
  readonly round: number
  readonly outcome: 'result' | 'void'
  /** names of who contributed, or of a VOID round of those that prevented its result */
  readonly hospitals: readonly string[]
  /** hex; '' of a VOID round */
  readonly checkpoint: string
  /** what it was for; '' of a VOID round */
  readonly kind: string
  /** whether it changed the roster */
  readonly changed: boolean
}

export interface OpenedSources {
  readonly study: VerifiedStudy
  readonly certified: CertifiedResult
  readonly checkpoint: Checkpoint
  /** hex */
  readonly checkpointHash: string
  readonly rounds: readonly TracedRound[]
  readonly ledger: VerifiedLedger
  readonly actions: readonly Action[]
  readonly kept: readonly Kept[]
  readonly audit: AuditResult | null
  readonly report: ReportFigures | null
  readonly baseline: ReportFigures | null
}

const LINE = z.strictObject({ round: z.int(), link: z.string().max(1 << 20) })

/** The lines of transcript.jsonl. @param links encoded, oldest first */
export function transcriptText(links: readonly Uint8Array[]): string {
  return links
    .map(link => `${JSON.stringify({ round: decodeLink(link).round, link: bytesToString(link, 'base64url') })}\n`)
    .join('')
}

/** @throws SourceError that names the first source that is not what it must be, and its line */
export function openSources(files: ReadonlyMap<string, Uint8Array>): OpenedSources {
  const source = (name: string): Uint8Array => {
    const bytes = files.get(name)
    if (bytes === undefined) throw new SourceError(name, 'it is missing')
    return bytes
  }
  const optional = <T>(name: string, read: (bytes: Uint8Array) => T | undefined): T | null => {
    const bytes = files.get(name)
    if (bytes === undefined) return null
    const value = read(bytes)
    if (value === undefined) throw new SourceError(name, 'it is not what this program has written')
    return value
  }
  const study = checked(STUDY_SOURCE, () => openStudy(source(STUDY_SOURCE), STUDY_SOURCE))
  const { document } = study
  const certified = checked(CERTIFICATE_SOURCE, () => verifyCertificate(document, source(CERTIFICATE_SOURCE)))
  const hash = bytesToString(checkpointHash(source(CHECKPOINT_SOURCE)), 'base16')
  if (hash !== bytesToString(certified.value.checkpoint, 'base16')) {
    throw new SourceError(CHECKPOINT_SOURCE, 'it is not the one that the hospitals have certified')
  }
  const rounds = openTranscript(study, source(TRANSCRIPT_SOURCE))
  const last = rounds.findLast(({ outcome }) => outcome === 'result')
  if (last?.checkpoint !== hash || last.round !== certified.round) {
    throw new SourceError(TRANSCRIPT_SOURCE, `its last result is not that of ${CERTIFICATE_SOURCE}`)
  }
  const audit = optional(AUDIT_SOURCE, decodeAudit)
  if (audit !== null && (audit.study !== study.study || audit.checkpoint !== hash)) {
    throw new SourceError(AUDIT_SOURCE, 'it is of another study or checkpoint')
  }
  const report = optional(REPORT_SOURCE, decodeReport)
  if (report !== null && report.checkpoint !== hash) {
    throw new SourceError(REPORT_SOURCE, `it is of the checkpoint ${report.checkpoint}, and the dossier of ${hash}`)
  }
  return {
    ...{ study, certified, checkpointHash: hash, audit, report },
    checkpoint: checked(CHECKPOINT_SOURCE, () =>
      decodeCheckpoint(source(CHECKPOINT_SOURCE), checkpointShape(document)),
    ),
    rounds,
    ledger: checked(LEDGER_SOURCE, () => ledgerOfText(textOf(LEDGER_SOURCE, source(LEDGER_SOURCE)))),
    actions: openActions(source(ACTIONS_SOURCE)),
    kept: optional(KEEPING_SOURCE, decodeKept) ?? [],
    baseline: optional(BASELINE_SOURCE, decodeReport),
  }
}

function openTranscript({ document }: VerifiedStudy, bytes: Uint8Array): TracedRound[] {
  const lines = linesOf(TRANSCRIPT_SOURCE, bytes)
  const links = lines.map((line, at) =>
    checked(`${TRANSCRIPT_SOURCE}, line ${at + 1}`, () => {
      const parsed = LINE.safeParse(parsedJson(line))
      const link = parsed.success ? decodeLink(fromString(parsed.data.link, 'base64url')) : undefined
      if (link === undefined || link.round !== parsed.data!.round) {
        throw new SourceError(`${TRANSCRIPT_SOURCE}, line ${at + 1}`, 'it is no certified round')
      }
      return link
    }),
  )
  const rounds: TracedRound[] = []
  return checked(
    () => `${TRANSCRIPT_SOURCE}, line ${rounds.length + 1}`,
    () => {
      for (const { link, value, roster } of verifyTranscript(document, links)) {
        rounds.push({
          ...{ line: rounds.length + 1, round: link.round, outcome: value.outcome },
          hospitals: value.members.map(member => roster.hospitals[member]?.name ?? `member ${member}`),
          checkpoint: value.outcome === 'result' ? bytesToString(value.checkpoint, 'base16') : '',
          kind: value.outcome === 'result' ? value.kind : '',
          changed: value.outcome === 'result' && value.change !== null,
        })
      }
      return rounds
    },
  )
}

function openActions(bytes: Uint8Array): Action[] {
  return linesOf(ACTIONS_SOURCE, bytes).map((line, at) => {
    const action = parseAction(line)
    if (action === undefined) throw new SourceError(`${ACTIONS_SOURCE}, line ${at + 1}`, 'it is no record of an action')
    return action
  })
}

function textOf(file: string, bytes: Uint8Array): string {
  return checked(file, () => {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch (cause) {
      throw new SourceError(file, 'it is no text', cause)
    }
  })
}

function linesOf(file: string, bytes: Uint8Array): string[] {
  return textOf(file, bytes)
    .split('\n')
    .filter(line => line !== '')
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function checked<T>(file: string | (() => string), check: () => T): T {
  try {
    return check()
  } catch (cause) {
    if (cause instanceof SourceError) throw cause
    if (cause instanceof CodedError || cause instanceof OperatorError) {
      throw new SourceError(typeof file === 'string' ? file : file(), cause.message, cause)
    }
    throw cause
  }
}
