/**
 * Sample data as four hospitals have them: folders of files, each with a part to train on and one to be measured on.
 * The data are in the folder that CONFRERE_DATA names and never in the project.
 *
 * @module
 */

import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parse } from 'csv-parse/sync'
import type { SourceFiles } from '../../node/datasets/read-source.ts'
import type { TemplateName } from '../../node/study/templates.ts'
import heartSplit from '../bench/heart-split.json' with { type: 'json' }

/** Hospitals of every sample: as many as the heart disease data have. */
export const SAMPLE_HOSPITALS = 4

/** Writes one hospital's files into its folder. @returns where they are and what is known of them */
type WriteSite = (data: string, folder: string, hospital: number) => Promise<SourceFiles>

const SAMPLES: { readonly [Name in TemplateName]: { readonly folder: string; readonly write: WriteSite } } = {
  'chest-xray': { folder: 'chest-xray-jpeg', write: writeImages },
  'chest-xray-3': { folder: 'chest-xray-jpeg', write: writeImages },
  'heart-disease': { folder: 'heart-disease', write: writeHeart },
  tabular: { folder: 'heart-disease', write: writeTable },
  abstracts: { folder: 'medical-abstracts', write: writeTexts },
  'spoken-digits': { folder: 'spoken-digits', write: writeSounds },
}

/** The folder of a template's sample data, below that of all. */
export function sampleFolder(template: TemplateName): string {
  return SAMPLES[template].folder
}

/**
 * Writes the files of four hospitals.
 *
 * @param data the folder of all sample data
 * @param root an empty folder
 */
export async function writeSample(
  template: TemplateName,
  { data, root }: { data: string; root: string },
): Promise<SourceFiles[]> {
  const { folder, write } = SAMPLES[template]
  const hospitals = Array.from({ length: SAMPLE_HOSPITALS }, (_, at) => at)
  return await Promise.all(hospitals.map(at => write(join(data, folder), join(root, `records-${at}`), at)))
}

function sourceAt(path: string, known: Partial<SourceFiles> = {}): SourceFiles {
  return { path, pacs: null, list: null, columns: {}, names: null, ...known }
}

/** Images, in the folders of their classes; the list says whose they are. The patients of a class are dealt evenly. */
async function writeImages(data: string, folder: string, hospital: number): Promise<SourceFiles> {
  const [header, ...rows] = (await readFile(join(data, 'index.csv'), 'utf8')).trim().split(/\r?\n/)
  const own = rows.filter((_, at) => at % SAMPLE_HOSPITALS === hospital)
  for (const row of own) {
    const file = row.split(',')[0]!
    await copyInto(folder, file, join(data, file))
  }
  const list = join(folder, 'index.csv')
  await writeFile(list, [header, ...own, ''].join('\n'))
  return sourceAt(folder, { list, columns: { file: 'path', label: 'class' } })
}

const CENTRES = ['cleveland', 'hungarian', 'switzerland', 'va'] as const

/** Rows of a centre, and which are for a test: those of FLamby's split. */
async function heartRows(data: string, hospital: number): Promise<{ rows: string[]; test: Set<number> }> {
  const centre = CENTRES[hospital]!
  const text = await readFile(join(data, `processed.${centre}.data`), 'utf8')
  return { rows: text.split(/\r?\n/).filter(row => row.trim() !== ''), test: new Set(heartSplit.test[centre]) }
}

/** Each hospital's own file, without a line of names, in two parts. */
async function writeHeart(data: string, folder: string, hospital: number): Promise<SourceFiles> {
  const { rows, test } = await heartRows(data, hospital)
  for (const split of ['train', 'test']) {
    const own = rows.filter((_, at) => test.has(at) === (split === 'test'))
    await writeInto(folder, `${split}/heart.data`, [...own, ''].join('\n'))
  }
  return sourceAt(folder)
}

const HEART_COLUMNS = 'age,sex,cp,trestbps,chol,fbs,restecg,thalach,exang,oldpeak,slope,ca,thal,num'

/** The same rows in one file with a line of names, a column of patients and one of splits. */
async function writeTable(data: string, folder: string, hospital: number): Promise<SourceFiles> {
  const { rows, test } = await heartRows(data, hospital)
  const lines = rows.map((row, at) => `${row},${CENTRES[hospital]}-${at},${test.has(at) ? 'test' : 'train'}`)
  await writeInto(folder, 'table.csv', [`${HEART_COLUMNS},patient,split`, ...lines, ''].join('\n'))
  return sourceAt(folder)
}

/** One in so many texts is for a test. */
const TEXTS_OF_TEST = 4

async function writeTexts(data: string, folder: string, hospital: number): Promise<SourceFiles> {
  const text = await readFile(join(data, 'medical_tc_test.csv'), 'utf8')
  const [header, ...rows] = parse(text) as string[][]
  for (const split of ['train', 'test']) {
    const wanted = rows.filter((_, at) => (at % TEXTS_OF_TEST === 0) === (split === 'test'))
    const own = wanted.filter((_, at) => at % SAMPLE_HOSPITALS === hospital)
    const lines = [header!, ...own].map(cells => cells.map(cell => `"${cell.replaceAll('"', '""')}"`).join(','))
    await writeInto(folder, `${split}/abstracts.csv`, [...lines, ''].join('\n'))
  }
  return sourceAt(folder)
}

/** The last speaker is for the test, dealt evenly; four others are a hospital each, and the rest are dealt evenly. */
async function writeSounds(data: string, folder: string, hospital: number): Promise<SourceFiles> {
  const files = (await readdir(data)).filter(name => name.endsWith('.wav')).sort()
  const speakerOf = (name: string): string => name.split('_')[1]!
  const speakers = [...new Set(files.map(speakerOf))].sort()
  for (const [at, name] of files.entries()) {
    const speaker = speakers.indexOf(speakerOf(name))
    const isTest = speaker === speakers.length - 1
    const place = speaker < SAMPLE_HOSPITALS ? speaker : at % SAMPLE_HOSPITALS
    if (place === hospital) await copyInto(folder, `${isTest ? 'test' : 'train'}/${name}`, join(data, name))
  }
  return sourceAt(folder, { names: '{label}_{patient}_{}.wav' })
}

async function copyInto(folder: string, file: string, from: string): Promise<void> {
  const to = join(folder, file)
  await mkdir(dirname(to), { recursive: true })
  await copyFile(from, to)
}

async function writeInto(folder: string, file: string, text: string): Promise<void> {
  const to = join(folder, file)
  await mkdir(dirname(to), { recursive: true })
  await writeFile(to, text)
}
