/** `confrere audit`: tests a study's privacy claim by attacks. @module */

import { randomFillSync } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { relative, resolve, sep } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { ROUNDS_MAX } from '../../protocols/study/limits.ts'
import { trainingRounds } from '../../protocols/study/rounds.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { epsilonFoundText, epsilonText, observerName } from '../privacy/epsilon-text.ts'
import type { StudyAudit } from '../privacy-audit/audit.ts'
import { counted, noiseText } from '../privacy-audit/report-words.ts'
import type { Subject } from '../privacy-audit/subject.ts'
import { addJsonOption } from './options.ts'
import { printJson, printLines } from './output.ts'
import { requireWritableReport, writeReportFile } from './report-file.ts'

const CANARIES_MAX = 1 << 20
const CANARIES_MIN = 50
const CANARIES_DEFAULT = 1000
const SHADOWS_MIN = 2
const SHADOWS_MAX = 256
const SHADOWS_DEFAULT = 8

interface AuditOptions {
  data?: string
  study?: string
  npz?: string
  split?: string
  heldOut?: string
  canaries: number
  shadows: number
  roundsMax: number
  out: string
  force?: true
  json?: true
}

export function addAudit(command: Command): void {
  addJsonOption(command)
    .option('--data <folder>', "a node's data folder: its study, its records, its ledger, its newest model")
    .option('--study <file>', 'a study file instead, which need not have run')
    .option('--npz <file>', "the records, a NumPy .npz; a node's own unless given")
    .option('--split <name>', 'which arrays of it: <name>_images, <name>_labels')
    .option('--held-out <name>', "arrays of records that a node's model was not trained on: attacks that model as well")
    .option(
      '--canaries <n>',
      'made-up records that are put in or left out',
      whole(CANARIES_MIN, CANARIES_MAX),
      CANARIES_DEFAULT,
    )
    .option(
      '--shadows <n>',
      'shadow models that each model is attacked with, an even number',
      parseShadows,
      SHADOWS_DEFAULT,
    )
    .option('--rounds-max <n>', 'rounds to rehearse of a longer study', whole(1, ROUNDS_MAX), ROUNDS_MAX)
    .requiredOption('--out <file>', 'the report to write, HTML')
    .option('--force', 'overwrite the report')
    .action(audit)
}

/** @throws InvalidArgumentError when read */
function whole(min: number, max: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
  }
}

/** @throws InvalidArgumentError */
function parseShadows(text: string): number {
  const value = whole(SHADOWS_MIN, SHADOWS_MAX)(text)
  if (value % 2 === 0) return value
  throw new InvalidArgumentError('It must be even: models come in pairs.')
}

async function audit(options: AuditOptions): Promise<void> {
  const { out, force, canaries, shadows, roundsMax, json } = options
  await requireWritable(options)
  const { readSubject } = await import('../privacy-audit/subject.ts')
  const subject = await readSubject({ ...options, records: options.npz })
  const { auditStudy } = await import('../privacy-audit/audit.ts')
  const { loadBackend } = await import('../training/backend.ts')
  const { reportPage } = await import('../privacy-audit/report.ts')
  const { document, dataset, final, charged, study, split } = subject
  const backend = await loadBackend({ engine: subject.engine })
  const init = { document, dataset, backend, rng: randomFill }
  const found = auditStudy(init, { canaries, shadows, roundsMax, final, progress })
  const page = reportPage(found, {
    ...{ study, split, charged },
    written: new Date().toISOString(),
    heldOut: options.heldOut ?? null,
    rounds: trainingRounds(document),
    finalRound: final?.round ?? null,
  })
  await writeReportFile(out, page, force === true)
  if (json) printJson(auditJson(found, subject, out))
  else printLines(...auditLines(found, out))
  if (found.refuted) throw refuted(found, out)
}

function randomFill(target: Uint8Array): void {
  randomFillSync(target)
}

/** Shows progress on a terminal only. */
function progress(step: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${step} ...`)
}

async function requireWritable({ out, data, force }: AuditOptions): Promise<void> {
  const folder = await requireWritableReport(out, force === true)
  // resolves symbolic links
  const own = data === undefined ? undefined : await realpath(data).catch(() => resolve(data))
  const path = own === undefined ? '..' : relative(own, folder)
  if (path !== '..' && !path.startsWith(`..${sep}`)) {
    throw new OperatorError(
      'report-in-data-folder',
      `${out} lies in the data folder, to which an audit writes nothing`,
      {
        hint: 'Choose an --out elsewhere.',
        exitCode: EXIT.usage,
      },
    )
  }
}

function refuted({ canary }: StudyAudit, out: string): OperatorError {
  const { findings } = canary
  const worst = findings.find(({ exceeded }) => exceeded) ?? findings.find(finding => finding.refuted)!
  const reason = worst.exceeded
    ? `epsilon is at least ${epsilonFoundText(worst.epsilon)} where it claims at most ${epsilonText(worst.claimed)}`
    : noiseText(worst)
  return new OperatorError('claim-refuted', `The study's claim does not hold: ${reason}`, {
    hint: `Do not run the study until it is known why; ${out} has what was measured.`,
    exitCode: EXIT.verificationFailed,
  })
}

function auditLines(found: StudyAudit, out: string): string[] {
  const { document, canary, membership, inversion, final } = found
  const { colluders } = document.privacy
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  return [
    `"${document.name}", ${counted(trainingRounds(document), 'round')} of ${canary.hospitals} hospitals rehearsed on ${counted(found.records, 'record')}`,
    ...canary.findings.map(finding => {
      const { observer, epsilon, claimed } = finding
      const who = observerName(observer, colluders)
      return `  epsilon      at least ${epsilonFoundText(epsilon)}, claimed at most ${epsilonText(claimed)} against ${who}; ${noiseText(finding)}`
    }),
    ...(membership === null
      ? ['  membership   not attacked: too few records']
      : [membership.withPrivacy, membership.withoutPrivacy].map(({ likelihoodRatio }, at) => {
          const found = `AUC ${likelihoodRatio.roc.auc.toFixed(3)}, ${percent(likelihoodRatio.truePositives)} found at 1 % wrongly accused`
          return `  membership   ${at === 0 ? 'with privacy   ' : 'without privacy'} ${found}`
        })),
    ...(final === null
      ? []
      : [`  final model  AUC ${final.roc.auc.toFixed(3)}, ${percent(final.truePositives)} found by its losses`]),
    ...(inversion === null
      ? ['  inversion    not tried: too few records']
      : [
          `  inversion    correlation with the true record, ${inversion.columns.map(({ protection, mean }) => `${protection} ${mean.toFixed(2)}`).join(', ')}`,
        ]),
    'A lower bound below the claim is no proof of privacy: a better attack may find more. One above it disproves the claim.',
    `Wrote ${out}. It is made from private records${inversion === null ? '' : ' and shows some of them'}: no epsilon covers it. Keep it here.`,
  ]
}

function auditJson(found: StudyAudit, { study, file, split, charged, checkpoint }: Subject, out: string): object {
  const { document, records, claimed, canary, membership, inversion, final, refuted } = found
  const attack = ({ roc, truePositives }: { roc: { auc: number }; truePositives: number }) => {
    return { auc: roc.auc, truePositives }
  }
  const models = (result: NonNullable<StudyAudit['membership']>['withPrivacy']) => ({
    likelihoodRatio: attack(result.likelihoodRatio),
    loss: attack(result.loss),
    accuracy: result.accuracy,
  })
  return {
    ...{
      file: out,
      study,
      checkpoint,
      npz: file,
      split,
      rounds: trainingRounds(document),
      records,
      refuted,
      claimed,
      charged,
      canary,
    },
    membership: membership && {
      targets: membership.targets,
      background: membership.background,
      models: membership.models,
      withPrivacy: models(membership.withPrivacy),
      withoutPrivacy: models(membership.withoutPrivacy),
    },
    inversion:
      inversion?.columns.map(({ protection, attack: name, mean, chance }) => ({
        protection,
        attack: name,
        mean,
        chance,
      })) ?? null,
    final: final && { ...attack(final), members: final.members, others: final.others },
  }
}
