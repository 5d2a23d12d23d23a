/** `confrere dossier`: one folder about a study for a data protection officer to file, verifiable by anybody. @module */

import { readFile, stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { EXIT, OperatorError } from '../../errors.ts'
import { requireDataFolder } from '../../storage/data-folder.ts'
import { readVersion } from '../../version.ts'
import { addDataOption, addJsonOption, parseStudyPrefix } from '../options.ts'
import { printJson, printLines } from '../output.ts'
import { actsOn } from '../recorded-commands.ts'
import { readAudit } from './audit-file.ts'

const REPORT_BYTES_MAX = 64 << 20

interface DossierOptions {
  readonly data: string
  readonly study?: string
  readonly audit?: string
  readonly report?: string
  readonly withoutPrivacy?: string
  readonly json?: true
}

export function addDossier(command: Command): void {
  addJsonOption(addDataOption(command))
    .argument('<out>', 'the folder to write, which must be new')
    .option('--study <id>', "first digits of the study's id, where the node has several", parseStudyPrefix)
    .option('--audit <file>', 'what "confrere audit --json" has printed about this model')
    .option(
      '--report <file>',
      'what "confrere evaluate --json-report" has written about this model, with its subgroups',
    )
    .option('--without-privacy <file>', 'the same of a model that was trained without privacy, to compare')
    .action(writeDossier)
}

async function writeDossier(out: string, options: DossierOptions): Promise<void> {
  const { data, study: prefix, json } = options
  await requireDataFolder(data)
  const { requireNewFolder, writeExport } = await import('../../export/write-export.ts')
  await requireNewFolder(out)
  const { selectStudy } = await import('../../storage/approved-studies.ts')
  const study = await selectStudy(data, prefix)
  actsOn(study.study)
  const { readDossierSources } = await import('../../dossier/read-sources.ts')
  const {
    AUDIT_SOURCE,
    BASELINE_SOURCE,
    decodeSources,
    encodeSources,
    REPORT_SOURCE,
    SIGNATURE_FILE,
    SOURCES_FILE,
    signSources,
  } = await import('../../dossier/sources.ts')
  const { files, checkpoint } = await readDossierSources(data, study)
  const audit = await readAudit(options.audit, { study: study.study, checkpoint })
  if (audit !== null) files.set(AUDIT_SOURCE, (await import('../../export/audit-result.ts')).encodeAudit(audit))
  await addReport(files, { name: REPORT_SOURCE, file: options.report, checkpoint })
  await addReport(files, { name: BASELINE_SOURCE, file: options.withoutPrivacy, checkpoint: null })

  const { readConfig } = await import('../../config/config.ts')
  const { loadIdentity } = await import('../../storage/identity.ts')
  const { site } = await readConfig(data)
  const { peer, signer } = await loadIdentity(data)
  const list = encodeSources(files, { at: new Date().toISOString(), program: readVersion(), site, peer })
  const { dossierOf } = await import('../../dossier/contents.ts')
  const { made, opened } = dossierOf(files, decodeSources(list)!)
  await writeExport(
    out,
    new Map([...made, ...files, [SOURCES_FILE, list], [SIGNATURE_FILE, signSources(signer, list)]]),
  )
  const { rounds, actions, ledger } = opened
  if (json) return printJson({ out, study: study.study, checkpoint, rounds: rounds.length, actions: actions.length })
  printLines(
    `Wrote ${out}: ${out}/dossier.html is to be read and filed, about "${study.document.name}".`,
    `It follows from ${ledger.entries.length} lines of the ledger, ${rounds.length} certified rounds and ${actions.length} recorded actions.`,
    ...(audit === null ? ['It has no audit: "confrere audit --json" runs one, --audit FILE takes it.'] : []),
    ...(options.report === undefined ? [] : ['It holds figures of private records: it stays with the hospital.']),
    'Fields with a dashed frame only the hospital can fill in.',
    `Anybody can check it without a network: confrere verify ${out}`,
  )
}

async function addReport(
  files: Map<string, Uint8Array>,
  { name, file, checkpoint }: { name: string; file: string | undefined; checkpoint: string | null },
): Promise<void> {
  if (file === undefined) return
  const { decodeReport } = await import('../../dossier/report-figures.ts')
  const size = await stat(file).then(
    found => found.size,
    (cause: Error) => {
      throw notAReport(file, cause.message, cause)
    },
  )
  const bytes = size > REPORT_BYTES_MAX ? undefined : new Uint8Array(await readFile(file))
  const report = bytes && decodeReport(bytes)
  if (report === undefined) throw notAReport(file, 'it is not what "confrere evaluate --json-report FILE" writes')
  if (checkpoint !== null && report.checkpoint !== checkpoint) {
    throw notAReport(
      file,
      `it is of another checkpoint, ${report.checkpoint.slice(0, 12)}, than the newest, ${checkpoint.slice(0, 12)}`,
    )
  }
  files.set(name, bytes!)
}

function notAReport(file: string, why: string, cause?: unknown): OperatorError {
  return new OperatorError('report-unreadable', `The report ${file} cannot be taken: ${why}`, {
    hint: 'Write it with the node stopped: confrere evaluate --data DIR --dataset NAME --json-report FILE',
    exitCode: EXIT.usage,
    cause,
  })
}
