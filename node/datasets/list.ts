/** Every file type that records come in. @module */

import type { RecordFormat } from './format.ts'
import { readNpz } from './npz.ts'

const NPZ: RecordFormat = { name: 'a NumPy .npz', extensions: ['.npz'], read: readNpz }

export const RECORD_FORMATS: readonly RecordFormat[] = [NPZ]
