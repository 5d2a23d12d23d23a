// Claims of node/datasets/dicomweb against a real PACS (Orthanc): what is pulled is what a folder of the same pictures gives,
// bit for bit; an interrupted pull continues; errors are clear and hold nothing secret. Pictures come from CONFRERE_DATA.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import sharp from 'sharp'
import { PacsCredentials } from '../../../../node/datasets/dicomweb/credentials.ts'
import { instanceKey } from '../../../../node/datasets/dicomweb/instance-key.ts'
import { PacsError } from '../../../../node/datasets/dicomweb/pacs-error.ts'
import { type PulledFinding, type PullOptions, pulledFindings } from '../../../../node/datasets/dicomweb/pull.ts'
import { listLabelling } from '../../../../node/datasets/labelling.ts'
import { readRecords } from '../../../../node/datasets/read-folder.ts'
import type { FoundRecord } from '../../../../node/datasets/reader.ts'
import { gathered, imageContract, keyed } from '../../../helpers/readings.ts'
import { dicom, type Element, encapsulated, encode, SYNTAX } from '../dicom/files.ts'
import { NAME, ORTHANC_THERE, type Orthanc, PASSWORD, startOrthanc } from './orthanc.ts'

const DATA = process.env['CONFRERE_DATA'] ?? ''
const CHEST = join(DATA, 'chest-xray-jpeg')
const DICOM = join(DATA, 'dicom')
const filesThere = DATA !== '' && existsSync(CHEST) && existsSync(DICOM)
const there = ORTHANC_THERE && filesThere
const sample = there ? test.serial : test.serial.skip
const why = ORTHANC_THERE
  ? 'CONFRERE_DATA names no folder with chest-xray-jpeg/ and dicom/'
  : 'Orthanc is not installed'
const reason = there ? '' : ` (skipped: ${why})`

/** Lossless ones: each picture comes back as it was. */
const SYNTAXES = ['explicit', 'implicit', 'rle', 'first', 'jpegLs', 'jpeg2000'] as const
const PICTURES = 54
const CLASSES = ['normal', 'bacteria', 'virus']
const contract = imageContract([64, 64, 1], {}, { classes: CLASSES, patients: true })
const COLUMNS = { file: 'path', label: 'class', patient: 'patient', split: 'split' }
const KEY = Buffer.from('the key of a hospital, 32 bytes.')

/** A unique identifier: the root of the tests' own, and numbers. */
const uid = (...numbers: number[]) => ['1.2.826.0.1.3680043.9.7777', ...numbers].join('.')
const uidElement = (tag: number, text: string): Element => [
  tag,
  'UI',
  Buffer.from(text.length % 2 === 0 ? text : `${text}\0`),
]

interface Picture {
  readonly path: string
  readonly record: FoundRecord
}

/** The pictures with three classes and two splits, as the folder of JPEGs gives them. */
async function pictures(): Promise<Picture[]> {
  const { facts } = await listLabelling(join(CHEST, 'index.csv'), COLUMNS)
  const found: Picture[] = []
  let at = 0
  for await (const finding of readRecords(CHEST, { contract, keyed, facts }, { except: ['index.csv'] })) {
    const wanted = at++ % Math.floor(480 / PICTURES) === 0 && found.length < PICTURES
    if (wanted && finding.ok) found.push({ path: finding.file, record: finding.record! })
  }
  return found
}

/** The same pixels as a DICOM file, one study for every three pictures, a series for each. */
async function dicomOf({ path }: Picture, index: number, patient: string): Promise<Buffer> {
  const file = sharp(await readFile(join(CHEST, path)))
  const { channels } = await file.metadata()
  const { data, info } = await file
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
  const colour = channels === 1 ? 'MONOCHROME2' : 'RGB'
  const image = { rows: info.height, columns: info.width, samples: info.channels, bitsAllocated: 8, colour }
  const name = info.channels === 1 ? SYNTAXES[index % SYNTAXES.length]! : 'explicit'
  const study = Math.floor(index / 3)
  const more: Element[] = [
    uidElement(0x00080016, '1.2.840.10008.5.1.4.1.1.7'),
    uidElement(0x00080018, uid(study, index, 1)),
    [0x00080020, 'DA', `2024${String(1 + (study % 12)).padStart(2, '0')}15`],
    [0x00100020, 'LO', patient],
    [0x00180015, 'CS', index % 2 === 0 ? 'CHEST' : 'HAND'],
    uidElement(0x0020000d, uid(study)),
    uidElement(0x0020000e, uid(study, index)),
  ]
  const plain = name === 'explicit' || name === 'implicit'
  const pixels = plain ? data : encapsulated([await encode(SYNTAX[name], image, data)])
  return dicom(image, pixels, { syntax: SYNTAX[name], more })
}

async function loaded(t: ExecutionContext): Promise<{ orthanc: Orthanc; found: Picture[] }> {
  const orthanc = await startOrthanc(t)
  const found = await pictures()
  t.is(found.length, PICTURES)
  const { facts } = await listLabelling(join(CHEST, 'index.csv'), COLUMNS)
  for (const [index, picture] of found.entries()) {
    await orthanc.store(await dicomOf(picture, index, facts(picture.path).patient!))
  }
  return { orthanc, found }
}

function optionsOf(url: string, more: Partial<PullOptions> = {}): PullOptions {
  const credentials = new PacsCredentials(`basic ${NAME}:${PASSWORD}`)
  const clock = { timeout: (ms: number) => AbortSignal.timeout(ms), pause: async () => undefined }
  return { pacs: { url, credentials, clock }, query: {}, instanceKeyed: one => instanceKey(KEY, one), ...more }
}

/** What a list says, by the UID of an instance, of a series or of a study. */
function readingBy(found: readonly Picture[]) {
  const facts = new Map(
    found.map(({ record: { label, split } }, index) => [
      index % 2 === 0 ? uid(Math.floor(index / 3), index, 1) : uid(Math.floor(index / 3), index),
      { label: CLASSES[label]!, patient: null, split },
    ]),
  )
  const none = { label: null, patient: null, split: null }
  return { contract, keyed, facts: (name: string) => facts.get(name) ?? none }
}

function requireSame(t: ExecutionContext, pulled: readonly PulledFinding[], found: readonly Picture[]): void {
  const byKey = new Map(pulled.map(one => [one.done ?? '', one]))
  t.is(byKey.size, found.length)
  t.is(pulled.length, found.length)
  for (const [index, { record }] of found.entries()) {
    const own = byKey.get(instanceKey(KEY, uid(Math.floor(index / 3), index, 1)))!
    if (!own.finding.ok) return t.fail(own.finding.reason)
    t.is(Buffer.compare(bytesOf(own.finding.record!), bytesOf(record)), 0)
    t.deepEqual(own.finding.record, record)
    t.true(own.finding.file === own.done)
  }
  t.false(inspect(pulled, { depth: 9 }).includes('1.2.826'))
}

const bytesOf = ({ values }: FoundRecord) => Buffer.from(values.buffer, values.byteOffset, values.byteLength)

sample(
  `${PICTURES} pictures pulled in six transfer syntaxes have the tensors, labels and patients' hashes of their folder; a pull that stops after 20 continues${reason}`,
  async t => {
    const { orthanc, found } = await loaded(t)
    const reading = readingBy(found)
    requireSame(t, await gathered(pulledFindings(optionsOf(orthanc.url), reading)), found)

    const first: PulledFinding[] = []
    for await (const one of pulledFindings(optionsOf(orthanc.url), reading)) {
      first.push(one)
      if (first.length === 20) break
    }
    const done = new Set(first.map(one => one.done!))
    t.is(done.size, 20)
    const rest = await gathered(pulledFindings(optionsOf(orthanc.url, { done }), reading))
    t.is(rest.length, PICTURES - 20)
    requireSame(t, [...first, ...rest], found)

    const chest = await gathered(pulledFindings(optionsOf(orthanc.url, { query: { bodyPart: 'CHEST' } }), reading))
    t.is(chest.length, PICTURES / 2)
    const days = { from: '20240201', to: '20240331', modality: 'CR' }
    const early = await gathered(pulledFindings(optionsOf(orthanc.url, { query: days }), reading))
    t.is(early.length, 3 * [...Array(PICTURES / 3).keys()].filter(study => [1, 2].includes(study % 12)).length)
    t.deepEqual(await gathered(pulledFindings(optionsOf(orthanc.url, { query: { modality: 'MR' } }), reading)), [])
  },
)

sample(`a wrong password is a clear error that does not hold it${reason}`, async t => {
  const { url } = await startOrthanc(t)
  const credentials = new PacsCredentials(`basic ${NAME}:a wrong one`)
  const error = await t.throwsAsync(
    gathered(pulledFindings({ ...optionsOf(url), pacs: { url, credentials } }, readingBy([]))),
    { instanceOf: PacsError, code: 'pacs-unauthorised' },
  )
  t.regex(error.message, /does not accept the credentials \(401\); 0 instances are done/)
  t.false(inspect(error, { depth: 9 }).includes('a wrong one'))
})

sample(`a PACS that goes away ends the pull, which says how many are done${reason}`, async t => {
  const { orthanc, found } = await loaded(t)
  const pulled: PulledFinding[] = []
  const run = async () => {
    for await (const one of pulledFindings(optionsOf(orthanc.url), readingBy(found))) {
      pulled.push(one)
      if (pulled.length === 5) await orthanc.stop()
    }
  }
  const error = await t.throwsAsync(run, { instanceOf: PacsError, code: 'pacs-gone' })
  t.regex(error.message, /; 5 instances are done$/)
  t.regex(error.hint, /Running it again continues/)
  t.is(pulled.length, 5)
})

sample(
  `files that others wrote come as their folder gives them: JPEG 2000, 12-bit JPEG, big endian, deflated${reason}`,
  async t => {
    const orthanc = await startOrthanc(t)
    const names = [
      'CTImage.dcm_JPEG2000LosslessOnlyTransferSyntax_1.2.840.10008.1.2.4.90.dcm',
      'JPGExtended.dcm',
      'MR_small_bigendian.dcm',
      'RG1_J2KI.dcm',
      'image_dfl.dcm',
    ]
    for (const name of names) await orthanc.store(await readFile(join(DICOM, name)))
    const own = imageContract([32, 32, 1], { fit: 'pad' })
    const reading = { contract: own, keyed, facts: () => ({ label: 'a', patient: null, split: null }) }
    const pulled = await gathered(pulledFindings(optionsOf(orthanc.url), reading))
    const wanted: unknown[] = []
    for (const name of names) wanted.push(...(await gathered(readRecords(join(DICOM, name), reading))))
    const withoutName = (finding: unknown) =>
      inspect({ ...(finding as object), file: '' }, { depth: 9, maxArrayLength: null })
    t.deepEqual(pulled.map(({ finding }) => withoutName(finding)).sort(), wanted.map(withoutName).sort())
  },
)
