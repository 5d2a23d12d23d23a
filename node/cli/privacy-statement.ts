/** `confrere privacy statement`: writes what a data protection officer files; and the check of one against a ledger. @module */

import { readFile, stat } from 'node:fs/promises'
import { readConfig } from '../config/config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { ledgerPath, readLedgerFile, type VerifiedLedger } from '../privacy/ledger-file.ts'
import { privacyReport } from '../privacy/report.ts'
import { beginsWith, openHead, signHead } from '../privacy/signed-head.ts'
import { privacyStatement, signedHeadIn } from '../privacy/statement.ts'
import { approvedStudies } from '../storage/approved-studies.ts'
import { requireDataFolder } from '../storage/data-folder.ts'
import { loadIdentity } from '../storage/identity.ts'
import { printJson, printLines } from './output.ts'
import { requireWritableReport, writeReportFile } from './report-file.ts'

const STATEMENT_BYTES_MAX = 16 << 20

/** @throws OperatorError `report-not-written` (exit code 2), as `readLedgerFile` and `loadIdentity` */
export async function writeStatement({
  data,
  out,
  force = false,
  json,
}: {
  data: string
  out: string
  force?: boolean
  json?: true
}): Promise<void> {
  await requireDataFolder(data)
  await requireWritableReport(out, force)
  const { ledger, entries, head } = await readLedgerFile(ledgerPath(data))
  const documents = new Map((await approvedStudies(data)).map(({ study, document }) => [study, document]))
  const { site, privacy } = await readConfig(data)
  const { peer, signer } = await loadIdentity(data)
  const at = new Date().toISOString()
  const report = privacyReport({ ledger, documents, epsilonMax: privacy.epsilonMax })
  const signedHead = signHead(signer, { head, entries: entries.length, at })
  await writeReportFile(out, privacyStatement({ site, peer, at, report, entries, head, signedHead }), force)
  if (json) return printJson({ out, head, entries: entries.length, signedHead })
  printLines(
    `Wrote ${out}: what was promised and spent, for a data protection officer to file. It names no patient.`,
    `It fits the ledger as it is now, ${entries.length} entries: confrere privacy verify --file LEDGER --statement ${out}`,
  )
}

/**
 * Holds a statement against a ledger.
 *
 * @returns in words, when and by whom it was signed
 * @throws OperatorError `no-statement` (exit code 12), `statement-unsigned` or `statement-differs` (exit code 8)
 */
export async function checkStatement(file: string, { entries }: Pick<VerifiedLedger, 'entries'>): Promise<string> {
  const { size } = await stat(file).catch(cause => {
    throw failure('no-statement', `There is no statement ${file}`, 'Check the path.', EXIT.dataUnreadable, cause)
  })
  const found = size > STATEMENT_BYTES_MAX ? undefined : signedHeadIn(await readFile(file, 'utf8'))
  const signed = found === undefined ? undefined : openHead(found)
  if (signed === undefined) {
    const hint = 'It was changed, or "confrere privacy statement" has not written it: ask the hospital for it again.'
    throw failure('statement-unsigned', `${file} holds no signed head of a ledger`, hint, EXIT.verificationFailed)
  }
  if (!beginsWith(entries, signed)) {
    throw failure(
      'statement-differs',
      `The ledger does not begin with the ${signed.entries} entries that ${file} was signed over`,
      'The ledger is another hospital’s, or was set back or changed since: ask for a newer copy, and keep both.',
      EXIT.verificationFailed,
    )
  }
  return `The statement was signed on ${signed.at} by ${signed.peer}, over the first ${signed.entries} of these entries. Ask the hospital whether that is its peer id.`
}

function failure(
  code: string,
  message: string,
  hint: string,
  exitCode: (typeof EXIT)[keyof typeof EXIT],
  cause?: unknown,
): OperatorError {
  return new OperatorError(code, message, { hint, exitCode, cause })
}
