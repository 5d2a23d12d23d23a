/**
 * Every domain separation tag of the project. Signed bytes, the inputs of tagged hashes and the info of key derivations
 * begin with exactly one tag, so that bytes made for one purpose are invalid for another. No tag is a prefix of another
 * one (a test checks this), because the bytes after a tag may have any length.
 *
 * @module
 */

const encoder = new TextEncoder()

/** Contains the protocol's version: a change of any rule that is hashed changes the number. */
export const DOMAIN_PREFIX = 'confrere/1/'

const tag = (name: string): Uint8Array => encoder.encode(DOMAIN_PREFIX + name)

// signatures and documents
export const TAG_ENVELOPE = tag('envelope')
export const TAG_STUDY = tag('study')

// keys
export const TAG_SID = tag('sid')
export const TAG_PAIR = tag('pair')
export const TAG_SELF = tag('self')
export const TAG_COMMITMENT = tag('commitment')

// a round
export const TAG_LOADED = tag('loaded')
export const TAG_SUM = tag('sum')
export const TAG_CHALLENGE = tag('challenge')
export const TAG_MERKLE_LEAF = tag('merkle-leaf')
export const TAG_MERKLE_NODE = tag('merkle-node')

// agreement and transcript
export const TAG_PROPOSER = tag('proposer')
export const TAG_VALUE = tag('value')
export const TAG_GENESIS = tag('genesis')
export const TAG_RESULT = tag('result')
export const TAG_VOID = tag('void')

// parameters and ledger
export const TAG_INITIAL = tag('initial')
export const TAG_CHECKPOINT = tag('checkpoint')
export const TAG_LEDGER = tag('ledger')

// hospitals that get to know each other
export const TAG_CONTACT_WORDS = tag('contact-words')
export const TAG_CONTACT_KEY = tag('contact-key')
export const TAG_CONTACT_INVITER = tag('contact-inviter')
export const TAG_CONTACT_JOINER = tag('contact-joiner')
export const TAG_CONTACT_INVITATION = tag('contact-invitation')
