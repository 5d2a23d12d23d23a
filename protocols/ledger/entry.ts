/**
 * The privacy ledger's lines: one entry each, in a hash chain, so that the last hash reveals any change.
 *
 * A line is `hash entry\n`: the entry as JSON, and before it SHA-256(tag ‖ hash of the line before ‖ the JSON's bytes)
 * as 64 hex digits. For the first line, the hash of the line before is 32 zero bytes. Bytes after the last line's end
 * are a write that was never synced: no release depends on it, and it is dropped.
 *
 * @module
 */

import { z } from 'zod'
import { TAG_LEDGER } from '../../crypto/domain.ts'
import { CodedError } from '../../crypto/errors.ts'
import { sha256 } from '../../crypto/hash.ts'
import { whole } from '../encoding/fields.ts'
import {
  DELTA_MAX,
  DELTA_MIN,
  EPSILON_MAX,
  HOSPITALS_MAX,
  LOCAL_STEPS_MAX,
  NAME_CHARACTERS_MAX,
  ROUNDS_MAX,
  SAMPLE_RATE_ONE,
  STUDY_COPIES_MAX,
  STUDY_NOISE_MULTIPLIER_MAX,
  STUDY_NOISE_MULTIPLIER_MIN,
  UNITS_MAX,
} from '../study/limits.ts'
import { ROUND_KINDS, type RoundKind } from '../study/round-kind.ts'
import { STATISTICS_ROUND } from '../study/rounds.ts'

/** Longest line: the longest entry, an account that merges others, is below it. */
const LINE_CHARACTERS_MAX = 8192
const MERGES_MAX = 1000
const HASH_DIGITS = 64
const ACCOUNTS_MAX = 1_000_000
/** Largest number of a round: far above the rounds of any study. */
const ROUND_MAX = 2 ** 40

/** Written in every `hospital` entry. Format 1 had accounts for sets of records; its lines stay readable. */
export const LEDGER_FORMAT = 2
/** Of an Ed25519 key, base58btc. */
const PEER = /^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/

/** The two sides of an account: patients that a hospital trains on, and those that it holds back for validation. */
export const SUB_ACCOUNTS = ['training', 'validation'] as const
export type SubAccount = (typeof SUB_ACCOUNTS)[number]

const POPULATION_CHARACTERS_MAX = 64
/** The name of a population of its own. */
export const POPULATION_SCHEMA = z
  .string()
  .regex(
    new RegExp(`^[\\p{L}\\p{N}]([\\p{L}\\p{N} ._-]{0,${POPULATION_CHARACTERS_MAX - 2}}[\\p{L}\\p{N}])?$`, 'u'),
    `must be 1 to ${POPULATION_CHARACTERS_MAX} letters, digits, spaces, dots, dashes or underscores, and begin and end with a letter or digit`,
  )

const digest = z.string().regex(/^[0-9a-f]{64}$/)
const account = whole(1, ACCOUNTS_MAX)
const delta = z.number().min(DELTA_MIN).max(DELTA_MAX)
/** An epsilon, always finite: JSON has no infinity, and a study without noise is never started. */
const spent = z.number().min(0)
const at = z.iso.datetime()

const noiseMultiplier = z.number().min(STUDY_NOISE_MULTIPLIER_MIN).max(STUDY_NOISE_MULTIPLIER_MAX)
/** The study's constants, which determine the cost of a round. */
const terms = {
  /** integer a of the probability a / 2^32 */
  sampleRate: whole(1, SAMPLE_RATE_ONE),
  noiseMultiplier,
  /** steps of the mechanism in a round; 1 where absent */
  steps: whole(1, LOCAL_STEPS_MAX).exactOptional(),
  /** hospitals that may have what is protected, at the promised epsilon; 1 where absent */
  copies: whole(1, STUDY_COPIES_MAX).exactOptional(),
}
const place = { account, study: digest, round: whole(0, ROUND_MAX), sid: digest }

const ENTRY_SCHEMA = z.discriminatedUnion('kind', [
  /**
   * The account of a hospital, or of one of its populations. It takes over all that was charged to the accounts that it
   * closes: those of format 1, or its own under an earlier key.
   */
  z.strictObject({
    kind: z.literal('hospital'),
    format: z.literal(LEDGER_FORMAT),
    at,
    account,
    closes: z.array(account).max(MERGES_MAX),
    /** the hospital's peer id */
    peer: z.string().regex(PEER),
    /** the name that the operator gave to a population of its own; absent: all other patients of the hospital */
    population: POPULATION_SCHEMA.exactOptional(),
    /** at most the delta of each closed account; each study that begins may lower it */
    delta,
  }),
  /** Format 1, read only: a set of records, or one that merges known sets. */
  z.strictObject({
    kind: z.literal('account'),
    at,
    account,
    merges: z.array(account).max(MERGES_MAX),
    records: whole(0, UNITS_MAX),
    delta,
  }),
  /** A study begins to spend from an account. */
  z.strictObject({
    kind: z.literal('study'),
    at,
    account,
    study: digest,
    name: z.string().min(1).max(NAME_CHARACTERS_MAX),
    ...terms,
    /** terms of the round of statistics before the first step of training; it samples every record */
    statistics: z.strictObject({ noiseMultiplier }).exactOptional(),
    /** terms of each evaluation, which samples every unit that is held back, and how many the study plans */
    evaluation: z.strictObject({ noiseMultiplier, rounds: whole(1, ROUNDS_MAX) }).exactOptional(),
    /** what the promise is about; absent: the record */
    unit: z.literal('patient').exactOptional(),
    /** share of the patients that the hospital holds back for validation; absent where patients are not kept apart */
    validationShare: z.number().gt(0).lt(1).exactOptional(),
    delta,
    epsilon: z.number().positive().max(EPSILON_MAX),
    rounds: whole(1, ROUNDS_MAX),
    colluders: whole(1, HOSPITALS_MAX),
  }),
  /** Write-ahead: reserves the cost of a round before our masked update is made and sent. */
  z.strictObject({ kind: z.literal('reserve'), at, ...place }),
  /** Charges a round before its release: `epsilon` of the study so far, `total` of the account so far. */
  z.strictObject({
    kind: z.literal('charge'),
    at,
    ...place,
    ...terms,
    /** what the round was for; absent in entries of before: round 0 summed statistics, all others trained */
    roundKind: z.enum(ROUND_KINDS).exactOptional(),
    /** whose patients took part; in format 1 it is absent, and means training */
    subAccount: z.enum(SUB_ACCOUNTS).exactOptional(),
    contributors: whole(1, HOSPITALS_MAX),
    epsilon: spent,
    total: spent,
  }),
])

export type LedgerEntry = z.output<typeof ENTRY_SCHEMA>
export type EntryOf<Kind extends LedgerEntry['kind']> = Extract<LedgerEntry, { kind: Kind }>

/** What a charged round was for. */
export function kindOfCharge({ roundKind, round }: Pick<EntryOf<'charge'>, 'roundKind' | 'round'>): RoundKind {
  return roundKind ?? (round === STATISTICS_ROUND ? 'statistics' : 'training')
}

/** The hash before the first line. */
export const LEDGER_START = '0'.repeat(HASH_DIGITS)

function hashAfter(previous: string, json: string): string {
  return Buffer.from(sha256(TAG_LEDGER, Buffer.from(previous, 'hex'), Buffer.from(json, 'utf8'))).toString('hex')
}

/**
 * Encodes an entry as a line.
 *
 * @param previous   hash of the line before, `LEDGER_START` for the first
 * @throws CodedError `bad-ledger` when the entry is invalid
 */
export function ledgerLine(previous: string, entry: LedgerEntry): { line: string; hash: string } {
  const parsed = ENTRY_SCHEMA.safeParse(entry)
  if (!parsed.success) throw broken(reasonOf(parsed.error))
  const json = JSON.stringify(entry)
  const hash = hashAfter(previous, json)
  return { line: `${hash} ${json}\n`, hash }
}

/** The heads of a ledger that begins with these entries: its hash after 0, 1, 2, … of them. */
export function headsOf(entries: readonly LedgerEntry[]): string[] {
  const heads = [LEDGER_START]
  for (const entry of entries) heads.push(ledgerLine(heads.at(-1)!, entry).hash)
  return heads
}

export interface ReadLedger {
  readonly entries: readonly LedgerEntry[]
  /** hash of the last whole line */
  readonly head: string
  /** UTF-8 bytes of the whole lines; later bytes are a torn write */
  readonly bytes: number
}

/**
 * Reads a ledger and checks its chain.
 *
 * @throws CodedError `bad-ledger`, naming the line
 */
export function readLedger(text: string): ReadLedger {
  const entries: LedgerEntry[] = []
  let head = LEDGER_START
  let start = 0
  for (;;) {
    const end = text.indexOf('\n', start)
    if (end < 0) break
    const line = entries.length + 1
    if (end - start > LINE_CHARACTERS_MAX) throw broken('it is too long', line)
    const json = text.slice(start + HASH_DIGITS + 1, end)
    const hash = hashAfter(head, json)
    if (text.slice(start, start + HASH_DIGITS + 1) !== `${hash} `) {
      throw broken('its hash does not follow from the line before and its text', line)
    }
    entries.push(entryOf(json, line))
    head = hash
    start = end + 1
  }
  return { entries, head, bytes: Buffer.byteLength(text.slice(0, start), 'utf8') }
}

function entryOf(json: string, line: number): LedgerEntry {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw broken('it is not JSON', line)
  }
  const parsed = ENTRY_SCHEMA.safeParse(value)
  if (!parsed.success) throw broken(reasonOf(parsed.error), line)
  return parsed.data
}

function reasonOf({ issues: [issue] }: z.ZodError): string {
  return `${issue?.path.join('.') || 'the entry'}: ${issue?.message}`
}

/** The error for an invalid ledger, with the reason and the line. */
export function broken(reason: string, line?: number): CodedError {
  return new CodedError('bad-ledger', line === undefined ? reason : `line ${line}: ${reason}`)
}
