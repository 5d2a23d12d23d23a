/**
 * What a node must never forget: its own messages, its charges, the transcript. One `classic-level` database per data
 * folder; every write that a promise hangs on is synced before it counts.
 *
 * @module
 */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { LevelDatastore } from 'datastore-level'
import { decode, encode } from '../../protocols/encoding/codec.ts'
import type { StepContext } from '../../protocols/round/context.ts'
import type { Entry } from '../../protocols/round/effects.ts'
import { extendStanding, type Standing, standingAfter } from '../../protocols/transcript/head.ts'
import { decodeLink, encodeLink } from '../../protocols/transcript/link.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { folderInUse } from './data-folder.ts'
import { diskError, onDisk, REPAIR_HINT, storeDamaged } from './disk-error.ts'
import type { RoundRecord } from './round-record.ts'

export const STORE_FOLDER = 'store'

/** Of keys and values. It grows when a program of the version before could not read them. */
const STORE_FORMAT = 1
const FORMAT_KEY = 'format'

/** One line of the privacy account: what a round cost, and with how many contributors it was opened. */
export interface SavedCharge {
  readonly round: number
  readonly sid: Uint8Array
  readonly contributors: number
}

/** Where a study stands, going by the disk alone. */
export interface SavedRound extends Standing {
  readonly charges: readonly SavedCharge[]
  /** our own envelopes of that round, by slot */
  readonly own: ReadonlyMap<string, Uint8Array>
}

export interface Store {
  write(entries: readonly Entry[]): Promise<void>
  /** @throws OperatorError `conflicting-certificates` when the study was stopped for good */
  head(context: Pick<StepContext, 'study' | 'founding' | 'document'>): Promise<SavedRound>
  /** certified links from a round on, oldest first, encoded */
  links(fromRound: number, countMax: number): Promise<Uint8Array[]>
  record(record: RoundRecord): Promise<void>
  records(): Promise<RoundRecord[]>
  /** notes that this store knows of the study, before anything is said in it; durable when it resolves */
  begin(): Promise<void>
  /** whether that was noted */
  hasBegun(): Promise<boolean>
}

/** The database of a data folder, for all of its studies. */
export interface Stores {
  of(study: Uint8Array): Store
  /** whether the folder holds a round of any study: a link, a message of ours, a charge or a reservation */
  knowsRounds(): Promise<boolean>
  /** for libp2p's peer store */
  datastore(): unknown
  close(): Promise<void>
}

type Level = ClassicLevel<string, Uint8Array>

const padded = (round: number): string => String(round).padStart(10, '0')

/** @throws OperatorError `folder-in-use` when another node has the folder open, `store-unreadable` otherwise */
async function openLevel(folder: string): Promise<Level> {
  const place = join(folder, STORE_FOLDER)
  await requireCurrent(place)
  const level: Level = new ClassicLevel(place, { keyEncoding: 'utf8', valueEncoding: 'view' })
  try {
    await level.open()
    await requireFormat(level, folder)
    return level
  } catch (error) {
    // a failed opening keeps the lock until then
    await level.close().catch(() => {})
    if (error instanceof OperatorError) throw error
    const cause = (error as { cause?: { code?: string } }).cause
    const refused = diskError(cause)
    if (refused instanceof OperatorError) throw refused
    if (cause?.code === 'LEVEL_LOCKED') {
      throw folderInUse(folder, cause)
    }
    throw new OperatorError(
      'store-unreadable',
      `The database in ${folder} cannot be opened: ${String(cause ?? error)}`,
      {
        hint: REPAIR_HINT,
        exitCode: EXIT.config,
        cause,
      },
    )
  }
}

/** LevelDB takes tables without the file CURRENT for a new database. @throws OperatorError `store-damaged` */
async function requireCurrent(place: string): Promise<void> {
  const names: string[] = await readdir(place).catch(() => [])
  const holds = names.some(name => name.startsWith('MANIFEST') || name.endsWith('.ldb'))
  if (holds && !names.includes('CURRENT')) throw storeDamaged(new Error('its file CURRENT is missing'))
}

/** Notes the format in a store that has none. @throws OperatorError `store-newer`, exit code 3 */
async function requireFormat(level: Level, folder: string): Promise<void> {
  const found = await level.get(FORMAT_KEY)
  if (found === undefined) return await level.put(FORMAT_KEY, Buffer.from(String(STORE_FORMAT)), { sync: true })
  const format = Number(Buffer.from(found).toString())
  if (format <= STORE_FORMAT) return
  throw new OperatorError('store-newer', `The database in ${folder} is of a newer version of confrere`, {
    hint: 'Install that version again: this one cannot read what it has written, and nothing was changed.',
    exitCode: EXIT.config,
  })
}

/** Reads; what cannot be read, or is not what was written, is the operator's to mend. @throws OperatorError */
async function fromStore<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    const refused = diskError(error)
    throw refused instanceof OperatorError ? refused : storeDamaged(error)
  }
}

function halted(at: string): OperatorError {
  const round = Number(at.split('/')[2])
  return new OperatorError(
    'conflicting-certificates',
    `This study was stopped in round ${round}: two certificates contradict each other, so more hospitals lie than it tolerates`,
    {
      hint: 'Nothing is safe to do in it any more. Compare the transcripts of all hospitals.',
      exitCode: EXIT.verificationFailed,
    },
  )
}

async function holdsRounds(level: Level): Promise<boolean> {
  for (const kind of ['link', 'own', 'charge', 'reserve']) {
    for await (const _ of level.keys({ gte: `${kind}/`, lt: `${kind}0`, limit: 1 })) return true
  }
  return false
}

/** Opens the database of a data folder. @throws OperatorError `folder-in-use`, `store-unreadable` */
export async function openStores(folder: string): Promise<Stores> {
  const level = await openLevel(folder)
  return {
    of: study => storeOf(level, study),
    knowsRounds: () => fromStore(async () => await holdsRounds(level)),
    datastore: () => new LevelDatastore(level as never),
    close: async () => await level.close(),
  }
}

/** Opens a data folder for one study. */
export async function openStore(folder: string, study: Uint8Array): Promise<Store & Omit<Stores, 'of'>> {
  const { of, ...stores } = await openStores(folder)
  return { ...of(study), ...stores }
}

function storeOf(level: Level, study: Uint8Array): Store {
  const prefix = Buffer.from(study).toString('hex')
  const key = (kind: string, round: number, rest = '') => `${kind}/${prefix}/${padded(round)}/${rest}`
  const range = (kind: string, from = 0) => ({ gte: key(kind, from), lt: `${kind}/${prefix}/a` })

  async function head(context: Pick<StepContext, 'study' | 'founding' | 'document'>): Promise<SavedRound> {
    for await (const at of level.keys(range('halt'))) throw halted(at)
    let standing = standingAfter([], context)
    for await (const bytes of level.values(range('link'))) {
      const link = decodeLink(bytes)
      const { round } = standing.head
      if (link.round !== round) throw storeDamaged(new Error(`round ${round} is missing from its chain of rounds`))
      standing = extendStanding(standing, link, context)
    }
    const { round } = standing.head
    const charges: SavedCharge[] = []
    for await (const bytes of level.values(range('charge'))) charges.push(decode(bytes) as SavedCharge)
    const own = new Map<string, Uint8Array>()
    const ours = key('own', round)
    for await (const [at, bytes] of level.iterator({ gte: ours, lt: key('own', round + 1) })) {
      own.set(at.slice(ours.length), Uint8Array.from(bytes))
    }
    return { ...standing, charges, own }
  }

  async function write(entries: readonly Entry[]): Promise<void> {
    const batch = level.batch()
    for (const entry of entries) {
      if (entry.kind === 'own') batch.put(key('own', entry.round, entry.slot), entry.bytes)
      else if (entry.kind === 'reserve') batch.put(key('reserve', entry.round), encode({ sid: entry.sid }))
      else if (entry.kind === 'halt') batch.put(key('halt', entry.round), encode(entry.evidence))
      else if (entry.kind === 'charge') {
        const { round, sid, contributors } = entry
        batch.put(key('charge', round), encode({ round, sid, contributors }))
      } else {
        batch.put(key('link', entry.link.round), encodeLink(entry.link))
        // one slot, one message: the rule needs a round's own messages only until its result is certified
        const bounds = { gte: key('own', entry.link.round), lt: key('own', entry.link.round + 1) }
        for await (const at of level.keys(bounds)) batch.del(at)
      }
    }
    await onDisk(() => batch.write({ sync: true }))
  }

  return {
    write,
    head: context => fromStore(() => head(context)),
    links: (fromRound, countMax) =>
      fromStore(async () => await level.values({ ...range('link', fromRound), limit: countMax }).all()),
    record: async record => {
      await onDisk(() => level.put(key('record', record.round), Buffer.from(JSON.stringify(record))))
    },
    begin: () => onDisk(() => level.put(key('begun', 0), new Uint8Array(0), { sync: true })),
    hasBegun: () => fromStore(async () => (await level.get(key('begun', 0))) !== undefined),
    records: () =>
      fromStore(async () => {
        const all = await level.values(range('record')).all()
        return all.map(bytes => JSON.parse(Buffer.from(bytes).toString()) as RoundRecord)
      }),
  }
}
