/** The data contract in a file: of a study, of a spec, or alone. @module */

import { z } from 'zod'
import { ProtocolError } from '../../protocols/errors.ts'
import { CONTRACT_SCHEMA, contractKindOf, type DataContract } from '../../protocols/study/contracts/list.ts'
import { readToml } from '../config/toml.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { readStudyFile } from '../storage/study-file.ts'

/** A spec has other keys as well. */
const FILE_SCHEMA = z.looseObject({ contract: CONTRACT_SCHEMA })

/**
 * Reads a contract from a study file, or from the table [contract] of a TOML file.
 *
 * @throws OperatorError as `readStudyFile` and `readToml`; `bad-contract`, exit code 3
 */
export async function readContract(file: string): Promise<DataContract> {
  if (!file.toLowerCase().endsWith('.toml')) return (await readStudyFile(file)).document.contract
  const { contract } = await readToml(file, FILE_SCHEMA, {
    message: `There is no contract ${file}`,
    hint: 'Name a study file, or a TOML file with a table [contract].',
  })
  try {
    contractKindOf(contract).check(contract)
    return contract
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw new OperatorError('bad-contract', cause.message, { hint: `Correct ${file}.`, exitCode: EXIT.config, cause })
  }
}
