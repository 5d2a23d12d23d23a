/** The class that a hospital's text of a label means. @module */

import type { DataContract } from '../../protocols/study/contracts/list.ts'

/** Index of the class that a label's text means: a class's name, or one of the contract's `labels`; null: none. */
export function classIndexOf(
  { classes, labels = [] }: Pick<DataContract, 'classes' | 'labels'>,
  text: string,
): number | null {
  const wanted = text.trim().normalize()
  const own = classes.findIndex(name => name.normalize() === wanted)
  if (own >= 0) return own
  const meant = labels.find(([label]) => label.normalize() === wanted)
  return meant === undefined ? null : classes.indexOf(meant[1])
}
