/**
 * Labels as class indices: from whole numbers of any type, truth values, or the names of the study's classes.
 *
 * @module
 */
import { isNumeric, NpyError, type NpyHeader, numbersOf, textsOf } from './npy.ts'

const NAMES_SHOWN = 10

export interface LabelReader {
  /** Takes the next whole items, in the order of the file. @throws NpyError when one is no class of the study */
  readonly push: (items: Uint8Array) => void
  /** count class indices */
  readonly finish: () => Int32Array
}

/**
 * Prepares to read labels.
 *
 * @param count    of records
 * @param classes  names of the classes, from the study; a label is the index of one, or its name
 * @throws NpyError when there is not one label for each record
 */
export function createLabelReader(
  header: NpyHeader,
  { count, classes }: { count: number; classes: readonly string[] },
): LabelReader {
  requireLabelShape(header, { count, classes })
  const labels = new Int32Array(count)
  const indexOf = isNumeric(header.type) ? null : namesOf(classes)
  let record = 0
  const push = (items: Uint8Array): void => {
    if (indexOf === null) {
      for (const value of numbersOf(header.type, items)) {
        labels[record] = requireIndex(value, { record, classes })
        record++
      }
      return
    }
    for (const text of textsOf(header.type, items)) {
      const index = indexOf.get(text.normalize())
      if (index === undefined) throw unknownName(text, { record, classes })
      labels[record++] = index
    }
  }
  return { push, finish: () => labels }
}

/** @throws NpyError when there is not one label for each record */
export function requireLabelShape(
  { shape }: NpyHeader,
  { count, classes }: { count: number; classes: readonly string[] },
): void {
  if (shape[0] === count && (shape.length === 1 || (shape.length === 2 && shape[1] === 1))) return
  const oneHot = shape[0] === count && shape.length === 2 && shape[1] === classes.length
  throw new NpyError(
    `has the shape (${shape.join(', ')}) where ${count} records need (${count},) or (${count}, 1)`,
    oneHot
      ? 'If each row marks one class, save array.argmax(axis=1).'
      : 'Save one class index or class name for each record.',
  )
}

interface Where {
  readonly record: number
  readonly classes: readonly string[]
}

function requireIndex(value: number, { record, classes }: Where): number {
  if (!Number.isInteger(value)) {
    throw new NpyError(
      `has a label that is no whole number, in record ${record}`,
      'Save one class index or class name for each record.',
    )
  }
  if (value < 0 || value >= classes.length) {
    throw new NpyError(
      `has a label in record ${record} that is no class, and the study's classes are 0 to ${classes.length - 1}`,
      'Map the labels to the classes of the study.',
    )
  }
  return value
}

/** Two writings of the same name differ in bytes, such as é as one character or two. */
function namesOf(classes: readonly string[]): Map<string, number> {
  const names = new Map(classes.map((name, index) => [name.normalize(), index]))
  if (names.size === classes.length) return names
  throw new NpyError(
    'holds class names, and two classes of the study have the same name',
    "Save the classes' indices as integers.",
  )
}

/** The label itself may say more of a patient than a class does. */
function unknownName(text: string, { record, classes }: Where): NpyError {
  const shown = classes.slice(0, NAMES_SHOWN).map(name => JSON.stringify(name))
  const more = classes.length > NAMES_SHOWN ? ` and ${classes.length - NAMES_SHOWN} more` : ''
  const digits = /^\d+$/.test(text) && Number(text) < classes.length
  return new NpyError(
    `has a label in record ${record} that is no class, and the study's classes are ${shown.join(', ')}${more}`,
    digits
      ? 'If the labels are class indices, save array.astype("int64").'
      : "Map the labels to the study's class names or their indices.",
  )
}
