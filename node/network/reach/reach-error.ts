/** A connection could not be made, in words that an operator can act on. The message never holds a credential. @module */

import { CodedError } from '../../../crypto/errors.ts'

/** Why an address could not be reached: the message is one plain sentence. */
export class ReachError extends CodedError {}
