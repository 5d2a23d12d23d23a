/** What describes a planted bug of the privacy battery. @module */

import type { SourcePlant } from '../../helpers/tree/plant.ts'

export interface Plant extends SourcePlant {
  /** in words */
  readonly bug: string
  /** the check that must see it */
  readonly seenBy: string
  /** how the product itself refuses to go on with the bug, where it does */
  readonly refusal?: RegExp
}
