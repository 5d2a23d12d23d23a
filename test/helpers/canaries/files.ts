/** What three hospitals have, with a canary in everything that must not get further. @module */

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { encode } from 'fast-png'
import { dicom, type Element, picture, SYNTAX } from '../../node/datasets/dicom/files.ts'
import { int16, wave } from '../../node/datasets/sound/waves.ts'
import { DIGITS, MARK } from './search.ts'

const IMAGE = { rows: 6, columns: 6, bitsAllocated: 8 }
export const PATIENTS = 5
const FILES_OF_PATIENT = 3

/** The contract of the study that all three hospitals run. */
export const IMAGES = [
  'kind = "image"',
  'shape = [4, 4, 1]',
  'classes = ["healthy", "ill"]',
  'patients = true',
  'pixels = { grey = "display", resize = "area", fit = "stretch" }',
  'modality = ["CR"]',
]

const TABLE = [
  'kind = "table"',
  'shape = [1]',
  'classes = ["no", "yes"]',
  'patients = true',
  'columns = [{ name = "age", type = "number", low = 0, high = 100, missing = "leave out" }]',
  'label = "outcome"',
  'patient = "who"',
  'absent = []',
]

const TEXT = [
  ...['kind = "text"', 'shape = [16]', 'classes = ["no", "yes"]', 'patients = true'],
  ...['text = "report"', 'label = "outcome"', 'patient = "who"', 'words = 1'],
]

const SOUND = [
  ...['kind = "sound"', 'shape = [4, 4]', 'classes = ["no", "yes"]', 'patients = true'],
  ...['rate = 8000', 'window = 64', 'hop = 64', 'level = [-12, 0]'],
]

/** Files of one kind, and how `data check` and `data add` are told of them. */
export interface CanaryData {
  readonly path: string
  readonly options: readonly string[]
  /** names of files, relative to the path */
  readonly files: readonly string[]
  /** lines of the contract that they fit */
  readonly contract: readonly string[]
}

function patientOf(number: number): string {
  return `${MARK}P${number}`
}

/** Ids of all patients, as the files have them. */
export const IDENTIFIERS = [
  ...Array.from({ length: PATIENTS }, (_, number) => patientOf(number)),
  ...Array.from({ length: PATIENTS }, (_, number) => `${DIGITS}${number}`),
]

/** Texts of a header that no reader may take over, in the character set that the header states. */
function elements(patient: string, charset: { readonly name: string; readonly text: string }): Element[] {
  const bytes = charset.name === 'ISO_IR 192' ? Buffer.from(charset.text) : Buffer.from(charset.text, 'latin1')
  const text = Buffer.concat([bytes, Buffer.alloc(bytes.length % 2, ' ')])
  const uid = `1.2.${DIGITS}.`
  return [
    [0x00080005, 'CS', charset.name],
    [0x00080008, 'CS', `${MARK}TYPE`],
    [0x00080018, 'UI', `${uid}1`],
    [0x00080020, 'DA', DIGITS],
    [0x00080030, 'TM', `${DIGITS}.1`],
    [0x00080050, 'SH', `${MARK}ACC`],
    [0x00080080, 'LO', text],
    [0x00080081, 'ST', text],
    [0x00080090, 'PN', text],
    [0x00081010, 'SH', `${MARK}STATION`],
    [0x00081030, 'LO', text],
    [0x0008103e, 'LO', text],
    [0x00081050, 'PN', text],
    [0x00081070, 'PN', text],
    [0x00100010, 'PN', text],
    [0x00100020, 'LO', patient],
    [0x00100021, 'LO', `${MARK}ISSUER`],
    [0x00100030, 'DA', DIGITS],
    [0x00101000, 'LO', `${MARK}OTHER`],
    [0x00101001, 'PN', text],
    [0x00101040, 'LO', text],
    [0x00102154, 'SH', `${DIGITS}`],
    [0x00104000, 'LT', text],
    [0x00090010, 'LO', `${MARK}CREATOR`],
    [0x00091001, 'LT', text],
    [0x00180015, 'CS', `${MARK}BODY`],
    [0x00181030, 'LO', text],
    [0x00185101, 'CS', `${MARK}VIEW`],
    [0x0020000d, 'UI', `${uid}2`],
    [0x0020000e, 'UI', `${uid}3`],
    [0x00200010, 'SH', `${MARK}STUDY`],
    [0x00204000, 'LT', text],
    [0x00281055, 'LO', text],
    [0x00324000, 'LT', text],
    [0x0040a730, 'SQ', [Buffer.from(`\x40\x00\x60\xa1UT\0\0\x08\0\0\0${MARK}`, 'latin1')]],
  ]
}

const CHARSETS = [
  { name: 'ISO_IR 100', text: `M\u00fcller^${MARK}` },
  { name: 'ISO_IR 192', text: `\u5c71\u7530^${MARK}` },
  { name: '\\ISO 2022 IR 87', text: `Yamada^${MARK}=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B` },
]

function imageOf(at: number): Uint8Array {
  return Uint8Array.from(picture(IMAGE).bytes, (value, pixel) => (value + 40 * (at % 2) + 7 * at + pixel) % 256)
}

/** A DICOM file of a patient. */
function dicomOf(at: number, patient: string, modality = 'CR'): Buffer {
  const syntax = at % 2 === 0 ? SYNTAX.explicit : SYNTAX.implicit
  const more: Element[] = [...elements(patient, CHARSETS[at % CHARSETS.length]!), [0x00080060, 'CS', modality]]
  return dicom(IMAGE, imageOf(at), { syntax, more })
}

async function write(path: string, files: ReadonlyMap<string, string | Uint8Array>): Promise<string[]> {
  for (const [name, bytes] of files) {
    await mkdir(dirname(join(path, name)), { recursive: true })
    await writeFile(join(path, name), bytes)
  }
  return [...files.keys()]
}

/** For each file its number, its patient's number, and its class. */
const FILES = Array.from({ length: PATIENTS * FILES_OF_PATIENT }, (_, at) => {
  return { at, patient: Math.floor(at / FILES_OF_PATIENT), ill: at % 2 === 1 }
})

/** DICOM files in folders that are named as classes; their headers say whose they are. */
async function headerImages(path: string): Promise<CanaryData> {
  const made = FILES.map(({ at, patient, ill }) => {
    const id = at % 2 === 0 ? patientOf(patient) : `${DIGITS}${patient}`
    return [`${MARK}WARD/${ill ? 'ill' : 'healthy'}/${MARK}FILE${at}.dcm`, dicomOf(at, id)] as const
  })
  const unread = [
    [`${MARK}WARD/ill/${MARK}CUT.dcm`, dicomOf(0, patientOf(0)).subarray(0, 900)],
    [`${MARK}WARD/${MARK}CLASS/${MARK}X.dcm`, dicomOf(1, patientOf(0))],
    [`${MARK}WARD/ill/${MARK}OTHER.dcm`, dicomOf(2, patientOf(0), 'MR')],
    // what a file states as its modality may be a name, in capital letters as codes are
    [`${MARK}WARD/ill/${MARK}NAMED.dcm`, dicomOf(3, patientOf(0), MARK.toUpperCase())],
    [`${MARK}NOTE.doc`, `${MARK} ${DIGITS}`],
  ] as const
  return {
    path,
    options: [],
    files: await write(path, new Map<string, string | Uint8Array>([...made, ...unread])),
    contract: IMAGES,
  }
}

/** DICOM files, and a list of labels and patients; the headers say other patients. */
async function listedImages(path: string, list: string): Promise<CanaryData> {
  const made = FILES.map(({ at }) => [`${MARK}D${at % 3}/${MARK}${at}.dcm`, dicomOf(at, patientOf(at % 7))] as const)
  const files = await write(path, new Map(made))
  const lines = FILES.map(({ at, patient, ill }) => {
    return [files[at], ill ? 'ill' : 'healthy', patientOf(patient), `${MARK} "${DIGITS}`.replace('"', '')].join(',')
  })
  await writeFile(list, ['file,label,patient,comment', ...lines, `${MARK}GONE.dcm,ill,${patientOf(1)},`, ''].join('\n'))
  return { path, options: ['--list', list], files: [...files, `${MARK}GONE.dcm`], contract: IMAGES }
}

/** PNG files whose names say label and patient, with text inside. */
async function namedImages(path: string): Promise<CanaryData> {
  const made = FILES.map(({ at, patient, ill }) => {
    const text = { Comment: `${MARK} ${DIGITS}` }
    const png = encode({ width: 6, height: 6, channels: 1, depth: 8, data: imageOf(at), text })
    return [`${MARK}/${ill ? 'ill' : 'healthy'}_${patientOf(patient)}_${at}.png`, png] as const
  })
  const options = ['--names', '{label}_{patient}_{}.png']
  return { path, options, files: await write(path, new Map(made)), contract: IMAGES }
}

async function tables(path: string): Promise<CanaryData> {
  const rows = FILES.map(({ at, patient, ill }) => {
    return [`${MARK}NAME`, 20 + at, ill ? 'yes' : 'no', patientOf(patient), `${DIGITS}`].join(',')
  })
  const odd = [`${MARK},${MARK}AGE,yes,${patientOf(0)},`, `x,1,${MARK}LABEL,${patientOf(0)},`, `${MARK},1`]
  const good = ['name,age,outcome,who,phone', ...rows, ...odd, ''].join('\n')
  const made = [
    [`${MARK}ROWS.csv`, good],
    [`${MARK}NAMELESS.csv`, `${MARK}A,${MARK}B,ill\n`],
    [`${MARK}QUOTE.csv`, `age,outcome,who\n12,"${MARK},yes`],
  ] as const
  return { path, options: [], files: await write(path, new Map(made)), contract: TABLE }
}

async function texts(path: string): Promise<CanaryData> {
  const rows = FILES.map(({ patient, ill }) => [`Seen: ${MARK} ${DIGITS}`, ill ? 'yes' : 'no', patientOf(patient)])
  const text = [['report', 'outcome', 'who'], ...rows].map(row => `${row.join(';')}\n`).join('')
  return { path, options: [], files: await write(path, new Map([[`${MARK}NOTES.csv`, text]])), contract: TEXT }
}

async function sounds(path: string): Promise<CanaryData> {
  const made = FILES.map(({ at, patient, ill }) => {
    const data = int16(Array.from({ length: 300 }, (_, sample) => ((sample * (at + 3)) % 200) * 100))
    const info = Buffer.from(`LISTx\0\0\0INFOIART${MARK}${DIGITS}`.padEnd(128, '\0'), 'latin1')
    info.writeUInt32LE(120, 4)
    return [`${MARK}/${ill ? 'yes' : 'no'}_${patientOf(patient)}_${at}.wav`, wave({ data, between: [info] })] as const
  })
  const options = ['--names', '{label}_{patient}_{}.wav']
  return { path, options, files: await write(path, new Map(made)), contract: SOUND }
}

/** What the three hospitals have, by the names of the data sets that it becomes. @param root its last part has a canary */
export async function writeCanaryData(root: string): Promise<Readonly<Record<string, CanaryData>>> {
  await mkdir(root, { recursive: true })
  return {
    header: await headerImages(join(root, `${MARK}header`)),
    list: await listedImages(join(root, `${MARK}list`), join(root, `${MARK}list.csv`)),
    names: await namedImages(join(root, `${MARK}names`)),
    tables: await tables(join(root, `${MARK}tables`)),
    texts: await texts(join(root, `${MARK}texts`)),
    sounds: await sounds(join(root, `${MARK}sounds`)),
  }
}
