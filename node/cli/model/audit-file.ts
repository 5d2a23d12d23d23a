/** Reads what `confrere audit --json` has printed, for an export or a dossier. @module */

import { open } from 'node:fs/promises'
import { EXIT, OperatorError } from '../../errors.ts'
import { AUDIT_BYTES_MAX, type AuditResult, auditResultOf } from '../../export/audit-result.ts'

/**
 * @param exported the study and the hash of the checkpoint that the audit must be of, in hex
 * @returns null where no file is named
 * @throws OperatorError `audit-unreadable`, exit code 2; as `auditResultOf`
 */
export async function readAudit(
  file: string | undefined,
  exported: { study: string; checkpoint: string },
): Promise<AuditResult | null> {
  if (file === undefined) return null
  const unreadable = (why: string, cause?: unknown): OperatorError =>
    usage('audit-unreadable', `The audit ${file} cannot be read: ${why}`, 'Check the path of --audit.', cause)
  const handle = await open(file, 'r').catch((cause: Error) => {
    throw unreadable(cause.message, cause)
  })
  try {
    const { size } = await handle.stat()
    if (size > AUDIT_BYTES_MAX) throw unreadable(`it has ${size} bytes, more than ${AUDIT_BYTES_MAX}`)
    return auditResultOf(new Uint8Array(await handle.readFile()), { file, ...exported })
  } finally {
    await handle.close()
  }
}

function usage(code: string, message: string, hint: string, cause?: unknown): OperatorError {
  return new OperatorError(code, message, { hint, exitCode: EXIT.usage, cause })
}
