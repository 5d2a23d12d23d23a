/**
 * Records from a numpy archive (.npz, a zip of .npy arrays), the format of MedMNIST: `train_images`, `train_labels`
 * and so on, or plain `images` and `labels`.
 *
 * Arrays are read in pieces, each converted and dropped: beside the values themselves memory holds one piece. Pixels of 8
 * and 16 bits are held as they are, and become float32 a batch at a time.
 *
 * @module
 */

import { EXIT, OperatorError } from '../../errors.ts'
import type { Dataset } from '../dataset.ts'
import type { RecordsFound, RecordsWanted } from '../format.ts'
import type { NumberedPatients, PatientDoor } from '../patients.ts'
import { NO_LABEL } from '../reader.ts'
import { type Archive, ArchiveError, type ArchiveMember, withArchive } from './archive.ts'
import { createInputReader, type InputReader, requireRecords } from './inputs.ts'
import { createLabelReader, type LabelReader, requireLabelShape } from './labels.ts'
import { NpyError, type NpyHeader, numbersOf, parseHeader } from './npy.ts'
import { createPatientReader, type PatientReader } from './patient-array.ts'

/** Of float32: half a gibibyte. Of 8-bit pixels, which are held as they are, four times as many. */
const VALUES_MAX = 2 ** 27
/** What one array may inflate to: a few kilobytes of zip can claim gigabytes. All values as float64 fit. */
export const ARRAY_BYTES_MAX = VALUES_MAX * 8

const HEADER_BYTES_SPARE = 1 << 17
const SUFFIX = '.npy'

/**
 * Reads one split. What values become follows from the study and their type alone, see inputs.ts: pixels (`images`)
 * are scaled to [0, 1], columns (`vectors`) are taken as they are. Images of one channel may leave their last axis out.
 * Arrays may be in folders of the archive.
 *
 * @throws OperatorError `data-unreadable`, exit code 12, that says which array, why, and what to do
 */
export async function readNpz(file: string, { split, shape, classes, door }: RecordsWanted): Promise<Dataset> {
  return await explained(() =>
    withArchive(file, async archive => {
      const { records, labels } = findArrays(archive, {
        split,
        kinds: shape.length === 1 ? ['vectors', 'images'] : ['images'],
      })
      const pixels = records.name.endsWith('images')
      const inputs = await readInputs(archive, records, { shape, pixels })
      const { count } = inputs
      const indices = await readLabels(archive, labels, { count, classes })
      const patients =
        door && (await readPatients(archive, findArray(archive, { split, kinds: ['patients'] }), { count, door }))
      return { count, shape: [...shape], ...inputs.finish(), labels: indices, ...patients }
    }),
  )
}

/** Names of the arrays of records that an archive holds, in their order. @throws OperatorError as `readNpz` */
export async function recordArrays(file: string, { shape }: Pick<RecordsWanted, 'shape'>): Promise<string[]> {
  return await explained(() =>
    withArchive(file, async archive => {
      const known = shape.length === 1 ? /^(?:[a-z0-9]{1,16}_)?(?:images|vectors)$/ : /^(?:[a-z0-9]{1,16}_)?images$/
      const arrays = [...arraysOf(archive).keys()]
      const found = arrays.filter(name => known.test(name))
      if (found.length > 0) return found
      const wanted = shape.length === 1 ? 'vectors or images' : 'images'
      throw new ArchiveError(
        `it has no array ${wanted}; ${presentIn(arrays)}`,
        `Save it with numpy.savez_compressed(file, ${shape.length === 1 ? 'vectors' : 'images'}=...).`,
      )
    }),
  )
}

/** Reads the records of one of `recordArrays`, which nobody needs to have labelled. @throws OperatorError as `readNpz` */
export async function readUnlabelled(
  file: string,
  { array, shape }: Pick<RecordsWanted, 'shape'> & { array: string },
): Promise<Dataset> {
  return await explained(() =>
    withArchive(file, async archive => {
      const records = memberOf(archive, [array])!
      const inputs = await readInputs(archive, records, { shape, pixels: array.endsWith('images') })
      const { count } = inputs
      return { count, shape: [...shape], ...inputs.finish(), labels: new Int32Array(count).fill(NO_LABEL) }
    }),
  )
}

/**
 * Reads one split without a study: all of it is inflated, and compared with its checksums, but no value is looked at.
 *
 * @throws OperatorError as `readNpz`
 */
export async function inspectNpz(file: string, split: string): Promise<RecordsFound> {
  return await explained(() =>
    withArchive(file, async archive => {
      const { records, labels } = findArrays(archive, { split, kinds: ['images', 'vectors'] })
      const { shape } = await readHeader(archive, records, header => requireRecords(header, VALUES_MAX))
      const [count, ...own] = shape as [number, ...number[]]
      await readHeader(archive, labels, header => requireLabelShape(header, { count, classes: [] }))
      return { count, shape: own }
    }),
  )
}

/** The header of an array whose body is whole. */
async function readHeader(
  archive: Archive,
  named: NamedMember,
  check: (header: NpyHeader) => void,
): Promise<NpyHeader> {
  let found: NpyHeader | undefined
  await readItems(archive, named, header => {
    check(header)
    found = header
    return () => {}
  })
  return found!
}

/** Turns what is wrong with the archive or an array into what its operator mends. The file is not named: see door-error.ts. */
async function explained<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (cause) {
    if (!(cause instanceof ArchiveError || cause instanceof NpyError)) throw cause
    throw new OperatorError('data-unreadable', `The archive of records cannot be read: ${cause.message}`, {
      hint: cause.hint,
      exitCode: EXIT.dataUnreadable,
      cause,
    })
  }
}

interface NamedMember {
  readonly name: string
  readonly member: ArchiveMember
}

function findArrays(
  archive: Archive,
  { split, kinds }: { split: string; kinds: string[] },
): { records: NamedMember; labels: NamedMember } {
  return { records: findArray(archive, { split, kinds }), labels: findArray(archive, { split, kinds: ['labels'] }) }
}

/** The array of the first of these kinds that the archive has. */
function findArray(archive: Archive, { split, kinds }: { split: string; kinds: string[] }): NamedMember {
  const found = memberOf(archive, [...kinds.map(kind => `${split}_${kind}`), ...kinds])
  if (found !== null) return found
  throw new ArchiveError(
    `it has no array ${kinds.map(kind => `${split}_${kind}`).join(' or ')}; ${presentIn([...arraysOf(archive).keys()])}`,
    `Name a split that the file has (--split, or data.split in config.toml), or save it with numpy.savez_compressed(file, ${split}_${kinds[0]}=…).`,
  )
}

/** The members of an archive that are arrays, by the last part of their names. */
function arraysOf({ members }: Archive): Map<string, ArchiveMember[]> {
  const arrays = new Map<string, ArchiveMember[]>()
  for (const member of members.filter(({ path }) => path.endsWith(SUFFIX))) {
    const name = member.path.slice(member.path.lastIndexOf('/') + 1, -SUFFIX.length)
    arrays.set(name, [...(arrays.get(name) ?? []), member])
  }
  return arrays
}

/** The first of some arrays that the archive has; null: none. */
function memberOf(archive: Archive, wanted: readonly string[]): NamedMember | null {
  const arrays = arraysOf(archive)
  const name = wanted.find(candidate => arrays.has(candidate))
  if (name === undefined) return null
  const [member, other] = arrays.get(name)!
  if (other !== undefined) {
    throw new ArchiveError(`it has two arrays ${name}, in different folders`, 'Leave one of them in the archive.')
  }
  return { name, member: member! }
}

const SPLIT_ARRAY = /^(?:[a-z0-9]{1,16}_)?(?:images|vectors|labels|patients)$/

/** Names only arrays that are named as those of a split: an archive of an array for each patient has ids for names. */
function presentIn(names: readonly string[]): string {
  const shown = names.filter(name => SPLIT_ARRAY.test(name))
  const others = names.length - shown.length
  const more = others === 0 ? '' : `${shown.length === 0 ? '' : ' and '}${others} arrays of other names`
  return names.length === 0 ? 'it holds nothing' : `it holds ${shown.join(', ')}${more}`
}

async function readInputs(
  archive: Archive,
  named: NamedMember,
  contract: { shape: readonly number[]; pixels: boolean },
): Promise<Pick<InputReader, 'count' | 'finish'>> {
  let reader: InputReader | undefined
  await readItems(archive, named, header => {
    const started = createInputReader(header, contract, VALUES_MAX)
    reader = started
    return items => started.push(numbersOf(header.type, items))
  })
  const inputs = blamed(named.name, () => reader!.finish())
  return { count: reader!.count, finish: () => inputs }
}

async function readLabels(
  archive: Archive,
  named: NamedMember,
  options: { count: number; classes: readonly string[] },
): Promise<Int32Array> {
  let reader: LabelReader | undefined
  await readItems(archive, named, header => {
    reader = createLabelReader(header, options)
    return reader.push
  })
  return reader!.finish()
}

async function readPatients(
  archive: Archive,
  named: NamedMember,
  { count, door }: { count: number; door: PatientDoor },
): Promise<NumberedPatients> {
  let reader: PatientReader | undefined
  await readItems(archive, named, header => {
    reader = createPatientReader(header, count, door)
    return reader.push
  })
  return reader!.finish()
}

/**
 * Hands on the items of an array, whole ones, piece by piece. What is wrong with them is said after the archive's
 * CRC-32 has been compared: damage is not blamed on whoever saved the array.
 */
async function readItems(
  archive: Archive,
  { name, member }: NamedMember,
  start: (header: NpyHeader) => (items: Uint8Array) => void,
): Promise<void> {
  if (member.size > ARRAY_BYTES_MAX + HEADER_BYTES_SPARE) {
    throw new ArchiveError(
      `the array ${name} would take ${member.size} bytes, more than ${ARRAY_BYTES_MAX}`,
      'Split the data over several hospitals, or use smaller images.',
    )
  }
  const parser = createParser(member.size, start)
  let fault: unknown
  await blamedAsync(name, () =>
    archive.inflate(member, piece => {
      if (fault !== undefined) return
      try {
        parser.push(piece)
      } catch (error) {
        fault = error
      }
    }),
  )
  blamed(name, () => {
    if (fault !== undefined) throw fault
    parser.finish()
  })
}

interface Parser {
  readonly push: (piece: Uint8Array) => void
  readonly finish: () => void
}

/** Finds the header, then cuts the body into whole items wherever the pieces end. */
function createParser(size: number, start: (header: NpyHeader) => (items: Uint8Array) => void): Parser {
  let rest: Uint8Array = new Uint8Array(0)
  let itemBytes = 0
  let take: ((items: Uint8Array) => void) | undefined
  const push = (piece: Uint8Array): void => {
    let bytes = rest.length === 0 ? piece : new Uint8Array(Buffer.concat([rest, piece]))
    if (take === undefined) {
      const header = parseHeader(bytes, size)
      if (header !== null) {
        take = start(header)
        itemBytes = header.type.bytes
        bytes = bytes.subarray(header.start)
      }
    }
    const whole = take === undefined ? 0 : bytes.length - (bytes.length % itemBytes)
    if (whole > 0) take?.(bytes.subarray(0, whole))
    rest = new Uint8Array(bytes.subarray(whole))
  }
  const finish = (): void => {
    if (take === undefined) throw new NpyError('is not a numpy array', 'Save it again with numpy.savez_compressed.')
  }
  return { push, finish }
}

/** Says which array it is that something is wrong with. */
function blamed<T>(name: string, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    throw named(name, cause)
  }
}

async function blamedAsync(name: string, action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (cause) {
    throw named(name, cause)
  }
}

function named(name: string, cause: unknown): unknown {
  if (!(cause instanceof ArchiveError || cause instanceof NpyError)) return cause
  return new ArchiveError(`the array ${name} ${cause.message}`, cause.hint, cause)
}
