/** Limits of files of rows. They are checked before anything is decoded or allocated. @module */

export const ROW_FILE_BYTES_MAX = 2 ** 34
/** Columns of one file; a table of gene expression has 20,000. */
export const FILE_COLUMNS_MAX = 2 ** 15
/** Bytes of one row of a CSV file; a long clinical report has 100 kB. */
export const CSV_ROW_BYTES_MAX = 2 ** 22
/** UTF-16 units of a text that becomes a bag of words. */
export const TEXT_CHARACTERS_MAX = 2 ** 20

/** A footer lists every column of every row group, with about 150 bytes for each. */
export const FOOTER_BYTES_MAX = 2 ** 22
export const ROW_GROUPS_MAX = 2 ** 16
/** Rows of a Parquet file: a few bytes can state any number of equal rows. */
export const PARQUET_ROWS_MAX = 2 ** 26
/** Rows of one row group; pyarrow writes 2^20 at most unless told otherwise. */
export const GROUP_ROWS_MAX = 2 ** 22
/** Rows × columns that are wanted of one row group: all of them are in memory at once. */
export const GROUP_CELLS_MAX = 2 ** 26
/** Stored bytes of one column of one row group; decompressed bytes; characters of its texts. */
export const CHUNK_BYTES_MAX = 2 ** 27
/** Decompressed bytes of all wanted columns of one row group. */
export const GROUP_BYTES_MAX = 2 ** 29
/** Time that one column of a row group may take to decode; the largest one takes about 3 s. */
export const CHUNK_MS_MAX = 60_000
/** Heap of the thread that decodes Parquet, about twice what the limits above let it need. */
export const PARQUET_HEAP_MIB_MAX = 2048
