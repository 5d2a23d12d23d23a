/** What a check is, what it is asked of, and what it finds. @module */

import type { NodeConfig } from '../config/config.ts'
import { type ExitCode, OperatorError } from '../errors.ts'
import type { NodeStatus } from '../http/status.ts'
import type { VerifiedStudy } from '../storage/study-file.ts'
import type { DoctorWorld } from './world.ts'

/** Something that was to be read: its value, or why it cannot be read. */
export type Readable<Value> = { readonly value: Value } | { readonly error: OperatorError }

/** A data folder as far as it can be read. */
export interface DoctorSubject {
  readonly folder: string
  readonly config: Readable<NodeConfig>
  /** base58btc PeerId */
  readonly peer: Readable<string>
  readonly studies: Readable<readonly VerifiedStudy[]>
  /** the status of the node that runs on this folder, or null: none answers */
  readonly running: () => Promise<NodeStatus | null>
}

export type DoctorFinding =
  | { readonly state: 'ok' | 'not-checked'; readonly found: string }
  /** `warning`: the node runs all the same, or will once others have done something */
  | {
      readonly state: 'warning' | 'failed'
      readonly found: string
      readonly remedy: string
      readonly exitCode: ExitCode
    }

export interface DoctorCheck {
  /** kebab-case, stable: programs read it */
  readonly name: string
  /** below 0.2 s and without another machine: other commands run it too */
  readonly isCheap: boolean
  /** a check of the machine runs without a data folder */
  readonly of: 'folder' | 'machine'
  /** @throws OperatorError which becomes a failure with its hint */
  run(subject: DoctorSubject, world: DoctorWorld): Promise<readonly DoctorFinding[]>
}

export const passed = (found: string): DoctorFinding => ({ state: 'ok', found })
export const notChecked = (found: string): DoctorFinding => ({ state: 'not-checked', found })

/** A failure, as the error of another part of the program tells it. */
export function failedBy({ message, hint, exitCode }: OperatorError): DoctorFinding {
  return { state: 'failed', found: message, remedy: hint, exitCode }
}

/** The value of what was read; null: it cannot be read, which the check of that thing reports. */
export function valueIn<Value>(read: Readable<Value>): Value | null {
  return 'value' in read ? read.value : null
}

/** Reads; an operator's error is kept. */
export async function readable<Value>(read: () => Promise<Value>): Promise<Readable<Value>> {
  try {
    return { value: await read() }
  } catch (error) {
    if (error instanceof OperatorError) return { error }
    throw error
  }
}
