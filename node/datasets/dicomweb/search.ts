/**
 * QIDO-RS: searches for studies, series and instances, page by page. Answers hold patients' names; identifiers of instances
 * and two coded terms are taken from them, and nothing else is kept.
 *
 * @module DICOM PS3.18, section 10.6, https://dicom.nema.org/medical/dicom/current/output/html/part18.html
 */
import type { PacsClient } from './client.ts'
import { PAGE_RESULTS, SEARCH_BYTES_MAX, SEARCH_MS_MAX, SEARCH_RESULTS_MAX } from './limits.ts'
import { badAnswer, badSettings, PacsError } from './pacs-error.ts'

/** What is asked of the PACS. It applies the filters; what it says to be something else is left out. */
export interface PacsQuery {
  /** such as CR or CT */
  readonly modality?: string
  /** body part examined, such as CHEST */
  readonly bodyPart?: string
  /** first and last day of the study, YYYYMMDD, each included */
  readonly from?: string
  readonly to?: string
}

export interface InstanceUids {
  readonly study: string
  readonly series: string
  readonly instance: string
}

/** An instance; or why some cannot be found, in one line without a name. */
export type SearchResult = { readonly uids: InstanceUids } | { readonly problem: string }

/** Results of one search without a UID that can be used. */
const UNUSABLE_MAX = 10 * PAGE_RESULTS

const TAG = { study: '0020000D', series: '0020000E', instance: '00080018', modality: '00080060', bodyPart: '00180015' }

/** @throws PacsError `pacs-settings` */
export function requireQuery({ modality, bodyPart, from, to }: PacsQuery): void {
  if (
    (modality !== undefined && !/^[A-Z0-9_]{1,16}$/.test(modality)) ||
    (bodyPart !== undefined && !/^[A-Z0-9_ ]{1,16}$/.test(bodyPart))
  ) {
    throw badSettings(
      'The modality or the body part is no coded term',
      'Write it as DICOM has it, such as CR and CHEST.',
    )
  }
  if ([from, to].some(day => day !== undefined && !isDay(day)) || (from ?? '') > (to ?? '99999999')) {
    throw badSettings('The range of dates is none', 'Write days as YYYYMMDD, the first one first.')
  }
}

function isDay(text: string): boolean {
  const iso = text.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3')
  const time = Date.parse(`${iso}T00:00:00Z`)
  return iso.length === 10 && !Number.isNaN(time) && new Date(time).toISOString().startsWith(iso)
}

/**
 * Finds the instances of a query, a series at a time. Memory holds the UIDs of all studies and of one study's series.
 *
 * @throws PacsError
 */
export async function* foundInstances(client: PacsClient, query: PacsQuery): AsyncGenerator<SearchResult> {
  const { modality, bodyPart, from, to } = query
  const seriesTerms = {
    ...(modality === undefined ? {} : { Modality: modality }),
    ...(bodyPart === undefined ? {} : { BodyPartExamined: bodyPart }),
  }
  const studies = await searched(client, '/studies', {
    uid: TAG.study,
    terms: {
      ...(modality === undefined ? {} : { ModalitiesInStudy: modality }),
      ...(from === undefined && to === undefined ? {} : { StudyDate: `${from ?? ''}-${to ?? ''}` }),
    },
  })
  yield* studies.problems
  for (const study of studies.uids) {
    const path = `/studies/${study}/series`
    const more = [...(modality === undefined ? [] : [TAG.modality]), ...(bodyPart === undefined ? [] : [TAG.bodyPart])]
    const found = await searchedWithin(client, path, { uid: TAG.series, terms: seriesTerms, more, only: query })
    yield* found.problems
    for (const series of found.uids) {
      const within = `${path}/${series}/instances`
      const instances = await searchedWithin(client, within, { uid: TAG.instance, terms: {} })
      yield* instances.problems
      for (const instance of instances.uids) yield { uids: { study, series, instance } }
    }
  }
}

/** What may be wrong with one study, series or instance while others can be had. */
const ONE_ALONE: ReadonlySet<string> = new Set(['pacs-failing', 'pacs-forbidden', 'pacs-missing', 'pacs-answer'])

/**
 * Why something in the PACS cannot be had, in one line.
 *
 * @throws the error where it concerns the PACS as a whole: one that fails altogether fails in any search
 */
export async function reasonAlone(client: PacsClient, error: unknown): Promise<string> {
  if (!(error instanceof PacsError) || !ONE_ALONE.has(error.fault)) throw error
  if (error.fault === 'pacs-failing') {
    const query = new URLSearchParams({ limit: '1', includefield: TAG.study })
    await client.get({ ...SEARCH, path: '/studies', query })
  }
  return `${error.message}. ${error.hint}`
}

const SEARCH = {
  accept: 'application/dicom+json',
  types: ['application/dicom+json', 'application/json'],
  bytesMax: SEARCH_BYTES_MAX,
  msMax: SEARCH_MS_MAX,
} as const

interface Level {
  /** tag of what is searched for */
  readonly uid: string
  readonly terms: Readonly<Record<string, string>>
  /** further attributes that are asked for */
  readonly more?: readonly string[]
  /** leaves out what a server found though it is of another kind: not every server knows every filter */
  readonly only?: PacsQuery
}

interface Found {
  readonly uids: readonly string[]
  readonly problems: readonly { readonly problem: string }[]
}

/** Searches in one study: where it cannot be searched, the others are. */
async function searchedWithin(client: PacsClient, path: string, level: Level): Promise<Found> {
  try {
    return await searched(client, path, level)
  } catch (error) {
    // it was deleted since it was found
    if (error instanceof PacsError && error.fault === 'pacs-missing') return { uids: [], problems: [] }
    return { uids: [], problems: [{ problem: await reasonAlone(client, error) }] }
  }
}

async function searched(client: PacsClient, path: string, level: Level): Promise<Found> {
  const seen = new Set<string>()
  const uids: string[] = []
  let unusable = 0
  for (let offset = 0; ; ) {
    const { results, more } = await pageOf(client, path, { ...level, offset })
    const before = seen.size + unusable
    for (const result of results) {
      const uid = textOf(result, level.uid)
      if (uid === null || !isUid(uid)) unusable += 1
      else if (!seen.has(uid)) {
        seen.add(uid)
        if (fits(result, level.only ?? {})) uids.push(uid)
      }
    }
    if (seen.size > SEARCH_RESULTS_MAX) {
      throw badAnswer(`finds more than ${SEARCH_RESULTS_MAX} results`, 'Narrow the search, such as by dates.')
    }
    if (unusable > UNUSABLE_MAX) throw badAnswer(`finds more than ${UNUSABLE_MAX} results without a UID`)
    // a page without anything new: the server has no pages and answers with all it has, each time
    const last = seen.size + unusable === before || (results.length < PAGE_RESULTS && !more)
    if (last) return { uids, problems: unusable === 0 ? [] : [{ problem: unusableText(unusable) }] }
    offset += results.length
  }
}

function unusableText(count: number): string {
  return `${count} results of a search have no UID that can be used, and were left out: correct them in the PACS`
}

async function pageOf(
  client: PacsClient,
  path: string,
  { uid, terms, more = [], offset }: Level & { readonly offset: number },
): Promise<{ results: readonly unknown[]; more: boolean }> {
  const query = new URLSearchParams({ ...terms, limit: String(PAGE_RESULTS), offset: String(offset) })
  for (const tag of [uid, ...more]) query.append('includefield', tag)
  const answer = await client.get({ ...SEARCH, path, query })
  if (answer === null || answer.body.length === 0) return { results: [], more: false }
  return { results: listOf(answer.body), more: answer.more }
}

function listOf(body: Uint8Array): readonly unknown[] {
  let list: unknown
  try {
    list = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
  } catch {
    // the parser's own words quote the answer
    throw badAnswer('answers a search with no JSON')
  }
  if (!Array.isArray(list)) throw badAnswer('answers a search with no list')
  return list
}

/** The first value of an attribute, as DICOM JSON has it (PS3.18, annex F). */
function textOf(result: unknown, tag: string): string | null {
  if (typeof result !== 'object' || result === null || !Object.hasOwn(result, tag)) return null
  const value = (result as Record<string, { Value?: unknown } | null>)[tag]?.Value
  const text: unknown = Array.isArray(value) ? value[0] : null
  return typeof text === 'string' ? text.replace(/[\0 ]+$/, '') : null
}

function isUid(text: string): boolean {
  return /^[0-9][0-9.]{0,63}$/.test(text)
}

function fits(result: unknown, { modality, bodyPart }: PacsQuery): boolean {
  const agrees = (tag: string, wanted: string | undefined): boolean => {
    const own = textOf(result, tag)
    return wanted === undefined || own === null || own === wanted
  }
  return agrees(TAG.modality, modality) && agrees(TAG.bodyPart, bodyPart)
}
