/** Limits of what a PACS may answer. They are checked while an answer comes in, before any of it is parsed. @module */

/** One page of a search: 100 results have about 200 kB; a server that does not page may answer with all it has. */
export const SEARCH_BYTES_MAX = 2 ** 25
/** Results asked for at once. */
export const PAGE_RESULTS = 100
/** Results of one search, all pages together. */
export const SEARCH_RESULTS_MAX = 2 ** 20
/** What the parts of a retrieved instance may have besides the instance. */
export const MULTIPART_BYTES_MORE_MAX = 2 ** 16
/** RFC 2046 allows 70; Orthanc and others take more. */
export const BOUNDARY_CHARACTERS_MAX = 200
/** Headers of one part. */
export const PART_HEADER_BYTES_MAX = 2 ** 13
/** One instance is one part. */
export const PARTS_MAX = 4
/** A redirect within the same server, such as one to a path with a slash. */
export const REDIRECTS_MAX = 3
export const SEARCH_MS_MAX = 120_000
/** The largest instance at 15 Mbit/s. */
export const RETRIEVE_MS_MAX = 300_000
/** Waits between the tries of one request. */
export const PAUSES_MS: readonly number[] = [1000, 4000, 16_000]
/** A file with a password or a token. */
export const CREDENTIALS_BYTES_MAX = 2 ** 14
