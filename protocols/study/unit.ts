/** What the promise of privacy is about. @module */

/** `patient`: all records of a patient at a hospital together. `record`: each record by itself. */
export const UNIT_NAMES = ['record', 'patient'] as const
export type UnitName = (typeof UNIT_NAMES)[number]

/** A study of fewer has noise that hides everything, or a promise that hides nobody. */
export const UNITS_FEWEST = 100
