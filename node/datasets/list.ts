/** Every file type that records come in. @module */

import type { RecordFormat } from './format.ts'
import { inspectNpz, readNpz } from './numpy/npz.ts'

const NPZ: RecordFormat = { name: 'a NumPy .npz', extensions: ['.npz'], read: readNpz, inspect: inspectNpz }

export const RECORD_FORMATS: readonly RecordFormat[] = [NPZ]
