import { z } from 'zod'
import { whole } from '../../encoding/fields.ts'
import { ProtocolError } from '../../errors.ts'
import * as limit from '../limits.ts'
import {
  BOUND_SCHEMA,
  CLASSES_SCHEMA,
  type ContractKind,
  checkBounds,
  checkLabels,
  LABELS_SCHEMA,
  PATIENTS_SCHEMA,
} from './fields.ts'

export const SOUND_SCHEMA = z.strictObject({
  kind: z.literal('sound'),
  /** frames, bands of the mel scale: shorter sounds are padded with silence, longer ones cut, both at the end */
  shape: z.tuple([whole(1, limit.SOUND_FRAMES_MAX), whole(1, limit.SOUND_BANDS_MAX)]),
  classes: CLASSES_SCHEMA,
  labels: LABELS_SCHEMA,
  patients: PATIENTS_SCHEMA,
  /** samples a second: files of another rate do not fit */
  rate: whole(1000, limit.SOUND_RATE_MAX),
  /** samples of a frame, a power of two */
  window: whole(16, limit.SOUND_WINDOW_MAX),
  /** samples from one frame to the next */
  hop: whole(1, limit.SOUND_WINDOW_MAX),
  /** natural logarithms of a band's energy that become 0 and 1; a sample is of −1 to 1 */
  level: z.tuple([BOUND_SCHEMA, BOUND_SCHEMA]),
})
export type SoundContract = z.output<typeof SOUND_SCHEMA>

/** WAV files as logarithms of the energy in the bands of the mel scale, frame by frame. */
export const SOUND: ContractKind<SoundContract> = {
  plural: 'sounds',
  check: contract => {
    checkLabels(contract)
    checkBounds('contract.level', [contract.level])
    const { window, hop, shape } = contract
    if (!Number.isInteger(Math.log2(window))) {
      throw new ProtocolError('malformed-study', `contract.window is ${window}, not a power of two`)
    }
    if (hop > window) throw new ProtocolError('malformed-study', `contract.hop is ${hop}, longer than its window`)
    if (shape[1] > window / 4) {
      throw new ProtocolError(
        'malformed-study',
        `contract.shape has ${shape[1]} bands, too many for a window of ${window}`,
      )
    }
  },
  bounds: () => null,
  sentence: ({ rate, window, hop }) => `log-mel energies of ${rate} Hz sound, frames of ${window} samples every ${hop}`,
}
