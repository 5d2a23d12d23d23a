/** The data contract in a file or a known study: of a study, of a spec, or alone. @module */

import { z } from 'zod'
import { ProtocolError } from '../../protocols/errors.ts'
import { CONTRACT_SCHEMA, contractKindOf, type DataContract } from '../../protocols/study/contracts/list.ts'
import { readToml } from '../config/toml.ts'
import { findStudy } from '../contacts/find-study.ts'
import { EXIT, OperatorError } from '../errors.ts'

/** A spec has other keys as well. */
const FILE_SCHEMA = z.looseObject({ contract: CONTRACT_SCHEMA })

/**
 * Reads a contract from a study file, from a study that the data folder knows by the first digits of its id, or from the
 * table [contract] of a TOML file.
 *
 * @param data the data folder; undefined: an id names no study
 * @throws OperatorError as `findStudy` and `readToml`; `bad-contract`, exit code 3
 */
export async function readContract(file: string, data: string | undefined): Promise<DataContract> {
  if (!file.toLowerCase().endsWith('.toml')) return (await findStudy(file, data)).document.contract
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
