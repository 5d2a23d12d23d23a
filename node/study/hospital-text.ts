/** A hospital in the words of an option: `NAME=PEER`, or `NAME=PEER@MULTIADDR`. @module */

import { NAME_SCHEMA } from '../../protocols/study/contracts/fields.ts'
import { ADDRESS_SCHEMA, PEER_SCHEMA } from '../config/config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { StudySpec } from './study-spec.ts'

/**
 * Reads a hospital. The first `=` before a peer id ends its name.
 *
 * @throws OperatorError `bad-hospital`, exit code 2
 */
export function parseHospital(text: string): StudySpec['hospital'][number] {
  const [, name, peer, address] = /^(.*?)=([^=@]*)(?:@(.*))?$/s.exec(text) ?? []
  if (name === undefined || peer === undefined) throw bad(text, 'it has no "=" between its name and its peer id')
  for (const [schema, value] of [
    [NAME_SCHEMA, name],
    [PEER_SCHEMA, peer],
    ...(address === undefined ? [] : [[ADDRESS_SCHEMA, address] as const]),
  ] as const) {
    const found = schema.safeParse(value)
    if (!found.success) throw bad(text, found.error.issues[0]!.message)
  }
  return { name, peer, addresses: address === undefined ? [] : [address] }
}

function bad(text: string, reason: string): OperatorError {
  return new OperatorError('bad-hospital', `--hospital ${JSON.stringify(text)} is no hospital: ${reason}`, {
    hint: 'Write NAME=PEER, or NAME=PEER@MULTIADDR; "confrere id" prints the peer id of a node.',
    exitCode: EXIT.usage,
  })
}
