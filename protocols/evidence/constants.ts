/** Bounds of evidence: it comes from another hospital, like everything else. @module */

/** A signed message of which a set holds one for each hospital: MANIFEST, RELEASE, LOADED, CHUNK-SUM, FINGERPRINT. */
export const SMALL_MESSAGE_BYTES_MAX = 1024

/** A Merkle path over a hundred chunks has seven hashes. */
export const PATH_LENGTH_MAX = 7

/** Everything in evidence but masked words: an OPEN, a certificate, three small messages and a path for each hospital. */
export const EVIDENCE_MESSAGES_BYTES_MAX = 1 << 20

/** Evidence above this is not passed on; whoever doubts it re-executes the round from the masked chunks instead. */
export const EVIDENCE_BYTES_MAX = 1 << 30
