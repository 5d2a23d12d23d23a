/**
 * Makes a new database in place of a damaged one. The chain of rounds is left out: any other hospital has it. What only
 * this node knows is kept as far as it can be read: its messages of rounds in progress, reservations and charges, and
 * that a study was stopped for good. The damaged database is put aside, and the ledger is not touched.
 *
 * @module
 */

import { cp, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { EXIT, OperatorError } from '../errors.ts'
import { markRestored } from '../privacy/restored-mark.ts'
import { folderInUse } from '../storage/data-folder.ts'
import { onDisk } from '../storage/disk-error.ts'
import { runningPid } from '../storage/pid-file.ts'
import { STORE_FOLDER } from '../storage/store.ts'

type Level = ClassicLevel<string, Uint8Array>

/** Kinds of keys that no other hospital can give back. */
const KEPT = ['own', 'reserve', 'charge', 'halt'] as const
const ENCODINGS = { keyEncoding: 'utf8', valueEncoding: 'view' } as const

export interface Repaired {
  /** folder of the damaged database */
  readonly aside: string
  /** messages of this node that were kept: votes among them */
  readonly messages: number
  /** false where a part could not be read: what it held is lost */
  readonly isWhole: boolean
}

/**
 * Repairs the database of a folder whose node does not run.
 *
 * @param at ISO 8601, UTC
 * @throws OperatorError `folder-in-use`, `no-store` (exit code 3), `disk-full` and the like
 */
export async function repairStore(folder: string, { at }: { at: string }): Promise<Repaired> {
  const place = join(folder, STORE_FOLDER)
  if ((await runningPid(folder)) !== null) throw folderInUse(folder)
  await requireUnlocked(folder, place)
  return await onDisk(async () => {
    const [salvage, fresh] = [`${place}-salvage`, `${place}-new`]
    for (const left of [salvage, fresh]) await rm(left, { recursive: true, force: true })
    // whatever is lost here, no budget comes back
    await markRestored(folder, at)
    await cp(place, salvage, { recursive: true })
    const { kept, isWhole } = await salvaged(salvage)
    await write(fresh, kept)
    const aside = await freeName(folder)
    await rename(place, aside)
    await rename(fresh, place)
    await rm(salvage, { recursive: true, force: true })
    const messages = [...kept.keys()].filter(key => key.startsWith('own/')).length
    return { aside, messages, isWhole }
  })
}

/** The lock is taken before anything is read: a damaged database can still tell who has it open. */
async function requireUnlocked(folder: string, place: string): Promise<void> {
  const names = await readdir(place).catch(() => [])
  if (names.length === 0) {
    throw new OperatorError('no-store', `There is no database in ${folder}`, {
      hint: 'There is nothing to repair: "confrere start" makes a new one and fetches the rounds from the others.',
      exitCode: EXIT.config,
    })
  }
  const level: Level = new ClassicLevel(place, { ...ENCODINGS, createIfMissing: false })
  try {
    await level.open()
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } }
    if (cause?.code === 'LEVEL_LOCKED') throw folderInUse(folder, error)
  } finally {
    await level.close().catch(() => {})
  }
}

/** What is kept of a copy, which LevelDB's own repair makes readable. */
async function salvaged(copy: string): Promise<{ kept: Map<string, Uint8Array>; isWhole: boolean }> {
  const kept = new Map<string, Uint8Array>()
  let isWhole = !(await hasEmptyTable(copy))
  let level: Level | undefined
  try {
    await ClassicLevel.repair(copy)
    level = new ClassicLevel(copy, ENCODINGS)
    await level.open()
    const certified = await certifiedRounds(level)
    for (const kind of KEPT) {
      for await (const [key, value] of level.iterator({ gte: `${kind}/`, lt: `${kind}0` })) {
        // LevelDB's repair brings deleted keys back: of a round that is certified nothing is needed
        if (kind !== 'own' || roundIn(key) > (certified.get(studyIn(key)) ?? -1)) kept.set(key, Uint8Array.from(value))
      }
    }
    // tables that could not be read are put there, and the former manifest always
    const lost: string[] = await readdir(join(copy, 'lost')).catch(() => [])
    isWhole = isWhole && !lost.some(name => name.endsWith('.ldb'))
  } catch {
    isWhole = false
  } finally {
    await level?.close().catch(() => {})
  }
  return { kept, isWhole }
}

async function hasEmptyTable(copy: string): Promise<boolean> {
  const entries = await readdir(copy, { withFileTypes: true })
  const tables = entries.filter(entry => entry.isFile() && entry.name.endsWith('.ldb'))
  const sizes = await Promise.all(tables.map(async ({ name }) => (await stat(join(copy, name))).size))
  return sizes.some(size => size === 0)
}

/** The last certified round of each study that is readable. */
async function certifiedRounds(level: Level): Promise<Map<string, number>> {
  const rounds = new Map<string, number>()
  for await (const key of level.keys({ gte: 'link/', lt: 'link0' })) rounds.set(studyIn(key), roundIn(key))
  return rounds
}

const studyIn = (key: string): string => key.split('/')[1] ?? ''
const roundIn = (key: string): number => Number(key.split('/')[2])

async function write(place: string, kept: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const level: Level = new ClassicLevel(place, ENCODINGS)
  await level.open()
  try {
    const batch = level.batch()
    for (const [key, value] of kept) batch.put(key, value)
    await batch.write({ sync: true })
  } finally {
    await level.close()
  }
}

async function freeName(folder: string): Promise<string> {
  const names = new Set(await readdir(folder))
  let number = 1
  while (names.has(`${STORE_FOLDER}-damaged-${number}`)) number += 1
  return join(folder, `${STORE_FOLDER}-damaged-${number}`)
}
