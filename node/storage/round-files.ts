/**
 * The vectors and secrets of one hospital in one study, on disk and in memory: the vault that a round's jobs run on.
 * Everything here is synchronous, for it lives in a worker.
 *
 * @module
 */

import { randomFillSync } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { CodedError } from '../../crypto/errors.ts'
import { chunkLayout } from '../../crypto/layout.ts'
import { merklePath } from '../../crypto/merkle.ts'
import { fromBytes, toBytes } from '../../crypto/ring.ts'
import {
  type Checkpoint,
  checkpointHash,
  checkpointShape,
  decodeCheckpoint,
  initialCheckpoint,
} from '../../protocols/model/checkpoint.ts'
import type { Member } from '../../protocols/roster/roster.ts'
import { chunkHashes } from '../../protocols/secure-sum/masking.ts'
import type { RoundSecrets, Vault } from '../../protocols/secure-sum/vault.ts'
import { planStudy, type StudyPlan, sumIn } from '../../protocols/study/plan.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'

/** Checkpoints kept for peers that come late; older ones are in nobody's way to the newest. */
const CHECKPOINTS_KEPT = 8
const SECRET_BYTES = 32
const HASH_NAME = /^[0-9a-f]{64}$/

/** A masked chunk with the proof that a manifest commits to it. */
export interface MaskedChunk {
  readonly bytes: Uint8Array
  readonly path: readonly Uint8Array[]
}

/** Which checkpoint is the newest, beside the files themselves, for whoever reads a folder without its database. */
export interface NewestCheckpoint {
  readonly study: string
  readonly round: number
  readonly hash: string
}

/** Of a study's folder: features of its records, as private as those. */
export const FEATURES_FILE = 'features'

/** Where a study keeps its rounds and checkpoints inside a data folder. */
export function studyFolder(folder: string, study: string): string {
  return join(folder, 'studies', study)
}

export class RoundFiles implements Vault {
  readonly #rounds: string
  readonly #checkpoints: string
  readonly #document: StudyDocument
  readonly #plan: StudyPlan
  readonly #study: string
  /** what the disk holds of this round's sessions, read or written once */
  readonly #masked = new Map<string, Uint32Array>()
  readonly #leaves = new Map<string, Uint8Array[]>()
  readonly #updates = new Map<number, Int32Array>()
  readonly #parts = new Map<string, { readonly words: Uint32Array; readonly path: readonly Uint8Array[] }>()
  readonly #sums = new Map<string, { round: number; bytes: Uint8Array }>()
  readonly #adopted: string[]
  #current: Checkpoint

  /** @param folder the study's own, below the data folder */
  constructor({ folder, document, study }: { folder: string; document: StudyDocument; study: string }) {
    this.#rounds = join(folder, 'rounds')
    this.#checkpoints = join(folder, 'checkpoints')
    this.#document = document
    this.#plan = planStudy(document)
    this.#study = study
    mkdirSync(this.#rounds, { recursive: true, mode: 0o700 })
    mkdirSync(this.#checkpoints, { recursive: true })
    const names = readdirSync(this.#checkpoints)
    for (const name of names) if (name.endsWith('.tmp')) rmSync(join(this.#checkpoints, name))
    const age = (name: string) => statSync(join(this.#checkpoints, name)).mtimeMs
    this.#adopted = names.filter(name => HASH_NAME.test(name)).sort((a, b) => age(a) - age(b))
    this.#current = initialCheckpoint(this.#document)
  }

  secrets(round: number): RoundSecrets {
    const file = join(this.#rounds, String(round), 'secrets')
    if (!existsSync(file)) {
      const drawn = new Uint8Array(2 * SECRET_BYTES)
      randomFillSync(drawn)
      writeDurably(file, drawn, 0o600)
    }
    const bytes = new Uint8Array(readFileSync(file))
    if (bytes.length !== 2 * SECRET_BYTES) throw new CodedError('secrets-damaged', `${file} has a wrong length`)
    return { secret: bytes.slice(0, SECRET_BYTES), root: bytes.slice(SECRET_BYTES) }
  }

  update(round: number): Int32Array | undefined {
    return this.#updates.get(round)
  }

  setUpdate(round: number, update: Int32Array): void {
    this.#updates.set(round, update)
  }

  masked(round: number, sid: string): Uint32Array | undefined {
    const read = this.#masked.get(sid)
    if (read !== undefined) return read
    const file = join(this.#rounds, String(round), `${sid}.masked`)
    if (!existsSync(file)) return undefined
    const masked = fromBytes(readFileSync(file))
    this.#masked.set(sid, masked)
    return masked
  }

  putMasked(round: number, sid: string, masked: Uint32Array): void {
    writeDurably(join(this.#rounds, String(round), `${sid}.masked`), toBytes(masked), 0o600)
    this.#masked.set(sid, masked)
  }

  /** Our own masked chunk, for its owner. */
  chunk({ round, sid, owners, chunk }: { round: number; sid: string; owners: number; chunk: number }) {
    const masked = this.masked(round, sid)
    const layout = chunkLayout(sumIn(this.#plan, round).dimension, owners)
    const at = layout[chunk]
    if (masked === undefined || at === undefined || at.words === 0) return undefined
    const bytes = toBytes(masked.subarray(at.start, at.start + at.words))
    const leaves = this.#leaves.get(sid) ?? chunkHashes(masked, owners)
    this.#leaves.set(sid, leaves)
    return { bytes, path: merklePath(leaves, chunk) } satisfies MaskedChunk
  }

  part(sid: string, chunk: number, member: Member): Uint32Array | undefined {
    return this.#parts.get(`${sid}/${chunk}/${member}`)?.words
  }

  /** Somebody else's masked chunk, as it would be served: masked it is safe to show. */
  heldPart(sid: string, chunk: number, member: Member): MaskedChunk | undefined {
    const part = this.#parts.get(`${sid}/${chunk}/${member}`)
    return part && { bytes: toBytes(part.words), path: part.path }
  }

  putPart({ sid, chunk, member, bytes, path }: { sid: string; chunk: number; member: Member } & MaskedChunk): void {
    this.#parts.set(`${sid}/${chunk}/${member}`, { words: fromBytes(bytes), path })
  }

  sum(hash: string): Uint8Array | undefined {
    return this.#sums.get(hash)?.bytes
  }

  putSum(round: number, hash: string, bytes: Uint8Array): void {
    this.#sums.set(hash, { round, bytes })
  }

  current(): Checkpoint {
    return this.#current
  }

  checkpoint(hash: string): Uint8Array | undefined {
    const file = join(this.#checkpoints, hash)
    if (!HASH_NAME.test(hash) || !existsSync(file)) return undefined
    const bytes = new Uint8Array(readFileSync(file))
    // a damaged file is as good as none: the next peer is asked
    return Buffer.from(checkpointHash(bytes)).toString('hex') === hash ? bytes : undefined
  }

  putCheckpoint(hash: string, bytes: Uint8Array): void {
    decodeCheckpoint(bytes, checkpointShape(this.#document))
    writeDurably(join(this.#checkpoints, hash), bytes)
  }

  /** A certified round: its checkpoint is the one to go on from, its secrets and vectors are destroyed. */
  adopt(hash: string | null, round: number): void {
    if (hash !== null) {
      const bytes = this.checkpoint(hash)
      if (bytes === undefined) throw new CodedError('checkpoint-lost', `checkpoint ${hash} is not readable any more`)
      this.#current = decodeCheckpoint(bytes, checkpointShape(this.#document))
      const newest: NewestCheckpoint = { study: this.#study, round, hash }
      writeDurably(join(this.#checkpoints, 'newest.json'), Buffer.from(JSON.stringify(newest)))
      if (!this.#adopted.includes(hash)) this.#adopted.push(hash)
    }
    this.#forget(round)
    while (this.#adopted.length > CHECKPOINTS_KEPT) {
      rmSync(join(this.#checkpoints, this.#adopted.shift() as string), { force: true })
    }
  }

  #forget(round: number): void {
    this.#updates.delete(round)
    for (const perSession of [this.#parts, this.#masked, this.#leaves]) perSession.clear()
    // a slower peer may still pull this round's sums; the round before is over for everybody
    for (const [hash, sum] of this.#sums) if (sum.round < round) this.#sums.delete(hash)
    for (const name of readdirSync(this.#rounds)) {
      if (Number(name) <= round) destroyFolder(join(this.#rounds, name))
    }
  }
}

/** Overwrites before it unlinks. On flash and copy-on-write disks an old block may survive even so. */
function destroyFolder(folder: string): void {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name)
    const handle = openSync(file, 'r+')
    writeSync(handle, new Uint8Array(statSync(file).size), 0)
    fsyncSync(handle)
    closeSync(handle)
    unlinkSync(file)
  }
  rmSync(folder, { recursive: true })
}

function writeDurably(file: string, bytes: Uint8Array, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.tmp`
  const handle = openSync(temporary, 'w', mode)
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(temporary, file)
  const folder = openSync(dirname(file), 'r')
  fsyncSync(folder)
  closeSync(folder)
}
