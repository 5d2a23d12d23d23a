/** Every reader of files that become records. @module */

import { openCodec } from './dicom/codec.ts'
import { dicomReader } from './dicom/dicom-reader.ts'
import { IMAGE_READER } from './images/image-reader.ts'
import type { RecordReader } from './reader.ts'
import { CSV_ROWS, PARQUET_ROWS } from './rows/rows-reader.ts'
import { SOUND_READER } from './sound/sound-reader.ts'

export interface OpenReaders {
  /** the first one that takes a file reads it: a DICOM file may begin as a TIFF does */
  readonly readers: readonly RecordReader[]
  /** Ends what the readers run on. */
  readonly close: () => Promise<void>
}

/** Readers for one run over the data. */
export function openReaders(): OpenReaders {
  const codec = openCodec()
  return {
    readers: [dicomReader(codec), IMAGE_READER, SOUND_READER, PARQUET_ROWS, CSV_ROWS],
    close: () => codec.close(),
  }
}
