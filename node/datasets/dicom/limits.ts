/** Limits of one DICOM file. They are checked before anything is inflated, decoded or allocated. @module */

export const DICOM_BYTES_MAX = 2 ** 29
/** What a deflated file inflates to; it is inflated as a whole, so a bomb costs this much memory. */
export const INFLATED_BYTES_MAX = 2 ** 27
/** Everything before the pixels. An enhanced multi-frame header has about 2 kB for each frame. */
export const HEADER_BYTES_MAX = 2 ** 22
/** Sequences within sequences. The functional groups of an enhanced image need 3. */
export const NESTING_MAX = 32
/** A string that the header states; the longest one that is read has 16 values of 16 characters. */
export const HEADER_STRING_BYTES_MAX = 1024
/** A slope, an intercept, a window: what lies beyond has no place in a picture, and products of it are no numbers. */
export const DECIMAL_ABS_MAX = 1e15
/** Windows that one image may offer. */
export const WINDOWS_MAX = 32
/** Rows x columns x samples of one frame: a mammogram has 21 million. */
export const FRAME_VALUES_MAX = 2 ** 25
export const FRAMES_MAX = 2 ** 14
/** Rows x columns x samples x frames of one file. */
export const FILE_VALUES_MAX = 2 ** 28
/** Pieces that compressed pixels are split into. */
export const FRAGMENTS_MAX = 2 ** 17
/** Tiles of one JPEG 2000 frame. */
export const TILES_MAX = 2 ** 12
/** Time that one frame may take to decode; the largest frame takes about 3 s. */
export const FRAME_MS_MAX = 20_000
/** Memory that a codec may keep between two frames. */
export const CODEC_BYTES_KEPT_MAX = 2 ** 28
