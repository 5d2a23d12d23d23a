/** How patients' ids are handled where this hospital's files are read. @module */

import type { PatientDoor } from '../datasets/patients.ts'
import { passingKey, patientHash, patientKey, patientKeyForReading } from './patient-key.ts'
import { withdrawnPatients } from './withdrawal.ts'

/** A door as plain data, for a worker thread. */
export interface DoorSettings {
  readonly key: Uint8Array
  /** hex of the hashes of patients who are out */
  readonly withdrawn: readonly string[]
}

/** The door of a data folder, for commands that write nothing. @throws as `patientKey` and `withdrawnPatients` */
export async function readPatientDoor(folder: string): Promise<PatientDoor> {
  return doorOf({ key: await patientKeyForReading(folder), withdrawn: await hashesOut(folder) })
}

/** A door without a data folder: its hashes tell patients apart in this process alone. */
export function passingDoor(): PatientDoor {
  return doorOf({ key: passingKey(), withdrawn: [] })
}

/** The door of a node. @throws as `patientKey` and `withdrawnPatients` */
export async function doorSettings(folder: string): Promise<DoorSettings> {
  return { key: await patientKey(folder), withdrawn: await hashesOut(folder) }
}

async function hashesOut(folder: string): Promise<string[]> {
  return (await withdrawnPatients(folder)).map(({ patient }) => patient)
}

export function doorOf({ key, withdrawn }: DoorSettings): PatientDoor {
  return { keyed: id => patientHash(key, id), withdrawn: new Set(withdrawn) }
}
