/**
 * Records from a PACS by DICOMweb: each instance is searched for, retrieved into memory and read as a DICOM file is. No
 * file is written, and no UID leaves: an instance is known by its keyed hash.
 *
 * @module DICOM PS3.18, sections 10.4 (WADO-RS) and 10.6 (QIDO-RS)
 */
import { openCodec } from '../dicom/codec.ts'
import { dicomReader } from '../dicom/dicom-reader.ts'
import { DICOM_BYTES_MAX } from '../dicom/limits.ts'
import {
  type FileFacts,
  FileRefused,
  type Finding,
  type OpenedFile,
  type Reading,
  type RecordReader,
} from '../reader.ts'
import { PacsClient, type PacsOptions } from './client.ts'
import { MULTIPART_BYTES_MORE_MAX, RETRIEVE_MS_MAX } from './limits.ts'
import { multipartParts } from './multipart.ts'
import { badAnswer, PacsError } from './pacs-error.ts'
import { foundInstances, type InstanceUids, type PacsQuery, reasonAlone, requireQuery } from './search.ts'

export interface PullOptions {
  readonly pacs: PacsOptions
  /** what is asked of the PACS; {} is all that it has */
  readonly query: PacsQuery
  /** keyed hash of a SOPInstanceUID under the hospital's key, in hex: `instanceKey` */
  readonly instanceKeyed: (uid: string) => string
  /** keys of instances that an earlier pull has finished: they are not retrieved again */
  readonly done?: ReadonlySet<string>
  /** told of every instance that the search finds, those of earlier pulls among them */
  readonly found?: (uids: InstanceUids) => void
  /** ends the pull with its reason */
  readonly signal?: AbortSignal
}

/** What came of one instance. */
export interface PulledFinding {
  /** `file` is the key of the instance; '' for what concerns a whole search */
  readonly finding: Finding
  /**
   * The key of the instance, to be kept once its record is; null where there is no record: a later pull tries it again, as
   * the list may be corrected or the PACS mended by then.
   */
  readonly done: string | null
  /** for the operator, who may have to find the instance: shown where it is asked for, never logged or kept */
  readonly uids: (() => InstanceUids) | null
}

/**
 * Pulls the instances of a query, one after the other; memory holds one of them, and the keys of all. An instance that fails
 * is a finding, and the rest is read. A caller that keeps each `done` and passes them all the next time continues where it stopped.
 *
 * @param reading its `facts` are asked with a SOPInstanceUID, then with the SeriesInstanceUID, then with the
 *   StudyInstanceUID: the column of files of a list holds any of these. `factsOfPatient` is asked for what they do not say.
 * @throws PacsError, an OperatorError: `pacs-settings` (exit code 2) for what the operator named, and with exit code 12
 *   `pacs-unauthorised`, `pacs-forbidden`, `pacs-certificate`, `pacs-redirect`, `pacs-missing`, `pacs-answer` when the
 *   search fails, and `pacs-gone` or `pacs-failing` when the PACS stops answering: its message says how many are done
 */
export async function* pulledFindings(options: PullOptions, reading: Reading): AsyncGenerator<PulledFinding> {
  const { pacs, query, instanceKeyed, done = new Set(), found: told, signal } = options
  requireQuery(query)
  const client = new PacsClient(pacs, signal)
  const codec = openCodec()
  const own = { ...reading, facts: factsByUid(reading.facts) }
  const pull: Pull = { client, reader: dicomReader(codec), reading: own, count: 0, failing: false, seen: new Set() }
  try {
    for await (const found of foundInstances(client, query)) {
      if ('problem' in found) {
        yield { finding: refused(found.problem), done: null, uids: null }
        continue
      }
      told?.(found.uids)
      const key = instanceKeyed(found.uids.instance)
      // a PACS may have an instance in two series
      if (pull.seen.has(key)) continue
      pull.seen.add(key)
      if (done.has(key)) {
        pull.count += 1
        continue
      }
      const finding = { ...(await findingOf(pull, found.uids)), file: key }
      if (finding.ok) pull.count += 1
      yield { finding, done: finding.ok ? key : null, uids: () => found.uids }
    }
  } catch (error) {
    throw continued(error, pull.count)
  } finally {
    client.close()
    await codec.close()
  }
}

interface Pull {
  readonly client: PacsClient
  readonly reader: RecordReader
  readonly reading: Reading
  /** instances that are done, those of earlier pulls among them */
  count: number
  /** whether the PACS failed to give the last instance: a damaged archive would cost all pauses for each one */
  failing: boolean
  readonly seen: Set<string>
}

async function findingOf(pull: Pull, uids: InstanceUids): Promise<Finding> {
  const { client, reader, reading } = pull
  let bytes: Uint8Array
  try {
    bytes = await retrieved(client, uids, pull.failing)
    pull.failing = false
  } catch (error) {
    pull.failing = error instanceof PacsError && error.fault === 'pacs-failing'
    return refused(await reasonAlone(client, error))
  }
  for await (const finding of reader.read(memoryFile(nameOf(uids), bytes), reading)) return finding
  return refused('nothing came of it')
}

function refused(reason: string): Finding {
  return { file: '', ok: false, reason }
}

async function retrieved(
  client: PacsClient,
  { study, series, instance }: InstanceUids,
  once: boolean,
): Promise<Uint8Array> {
  const answer = await client.get({
    path: `/studies/${study}/series/${series}/instances/${instance}`,
    // as it is stored: some servers fail where they should convert, and a lossy copy would have other pixels
    accept: 'multipart/related; type="application/dicom"; transfer-syntax=*',
    types: ['multipart/related'],
    bytesMax: DICOM_BYTES_MAX + MULTIPART_BYTES_MORE_MAX,
    msMax: RETRIEVE_MS_MAX,
    once,
  })
  const parts = answer === null ? [] : multipartParts(answer.body, answer.type.parameters.get('boundary') ?? '')
  if (parts.length !== 1) {
    throw badAnswer(`answers with ${parts.length} parts where one instance is one`, 'Try again later.')
  }
  const { type, body } = parts[0]!
  if (type.type !== 'application/dicom') throw badAnswer('answers with a part that is no DICOM', 'Try again later.')
  return body
}

function nameOf({ study, series, instance }: InstanceUids): string {
  return `${study}/${series}/${instance}`
}

/** Each fact from the nearest that knows it: the instance, its series, its study. */
function factsByUid(facts: Reading['facts']): Reading['facts'] {
  return name => {
    const known = name.split('/').reverse().map(facts)
    const first = (fact: keyof FileFacts): string | null => known.find(one => one[fact] !== null)?.[fact] ?? null
    return { label: first('label'), patient: first('patient'), split: first('split') }
  }
}

/** Bytes in memory as a file, which readers may keep views of. */
function memoryFile(name: string, content: Uint8Array): OpenedFile {
  return {
    name,
    bytes: content.length,
    whole: async max => {
      if (content.length > max) throw new FileRefused(`it has more than ${max} bytes`)
      return content
    },
    part: async (start, length) => content.slice(start, start + length),
    stream: async function* () {
      yield content
    },
  }
}

/** What ends a pull, with what a second one continues from. */
function continued(error: unknown, count: number): unknown {
  if (!(error instanceof PacsError) || error.fault === 'pacs-settings') return error
  const done = `${count} ${count === 1 ? 'instance is' : 'instances are'} done`
  return new PacsError(error.fault, `${error.message}; ${done}`, `${error.hint} Running it again continues from there.`)
}
