// Claims of node/datasets/dicom on files that others wrote: the stored values are those of an independent decoder, and
// a lossless copy has the values of its original. The files come from the folder that CONFRERE_DATA names.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { openCodec } from '../../../../node/datasets/dicom/codec.ts'
import { DicomError } from '../../../../node/datasets/dicom/error.ts'
import { firstFrame } from '../../../../node/datasets/dicom/frame.ts'
import { readDicom } from '../../../../node/datasets/dicom/header.ts'
import { greyValues, modalityValues } from '../../../../node/datasets/dicom/values.ts'
import vectors from '../../../vectors/dicom-sha256.json' with { type: 'json' }
import { WASM_FILE } from './files.ts'

const FOLDER = join(process.env['CONFRERE_DATA'] ?? '', 'dicom')
const there = process.env['CONFRERE_DATA'] !== undefined && existsSync(FOLDER)
const sample = there ? test : test.skip
const reason = there ? '' : ' (skipped: CONFRERE_DATA names no folder with dicom/)'

const codec = openCodec()
test.after.always(() => codec.close())

const load = (name: string) => readFile(join(FOLDER, name))

async function stored(t: ExecutionContext, name: string) {
  const file = readDicom(await load(name))
  const values = await firstFrame(file, codec)
  t.is(values.length, file.header.rows * file.header.columns * file.header.samples)
  return { header: file.header, values }
}

type Vector = { source: string; sha256: string; twin?: string }

for (const [name, vector] of Object.entries(vectors.files as Record<string, Vector>)) {
  sample(`${name}: the first frame has the stored values that ${vector.source} gives${reason}`, async t => {
    const { values } = await stored(t, name)
    t.is(createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex'), vector.sha256)
    if (vector.twin !== undefined) t.deepEqual(values, (await stored(t, vector.twin)).values)
  })
}

sample(`a file without a header is read by a guess, and the guess is said${reason}`, async t => {
  const { header } = await stored(t, 'no_meta.dcm')
  t.regex(header.guess!, /no file header: one byte skipped and read as Explicit VR Little Endian/)
  const named = readDicom(await load('MR_small.dcm')).header
  t.is(named.guess, undefined)
})

sample(`a file with fewer bytes than it states is refused${reason}`, async t => {
  const error = await t.throwsAsync(stored(t, 'MR_truncated.dcm'), { instanceOf: DicomError })
  t.is(error!.message, 'it is damaged: it holds 8130 of the 8192 bytes of its pixels')
})

sample(`a chest radiograph in MONOCHROME1 comes out with dark lungs and a bright spine${reason}`, async t => {
  const { header, values } = await stored(t, 'RG1_chest_CR_explicitLE_mono1_derived.dcm')
  t.is(header.colour, 'MONOCHROME1')
  const grey = greyValues(header, values, { kind: 'range' })
  const meanOf = (left: number): number => {
    const patch = Array.from(
      { length: 400 },
      (_, at) => (200 + Math.floor(at / 15)) * header.columns + left + (at % 15),
    )
    return patch.reduce((sum, index) => sum + grey[index]!, 0) / patch.length
  }
  const [lung, spine, otherLung] = [110, 225, 310].map(meanOf) as [number, number, number]
  t.true(lung < 0.7 && otherLung < 0.7 && spine > 0.8)
  t.is(grey[0], Math.fround(1 - values[0]! / 32_767))
})

sample(`a CT has Hounsfield units, and the file's window is soft tissue${reason}`, async t => {
  const { header, values } = await stored(t, 'CTImage.dcm_LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1.dcm')
  const units = modalityValues(header, values)
  t.is(units[1000], values[1000]! - 1024)
  const grey = greyValues(header, values, { kind: 'file' })
  const water = units.indexOf(0)
  // window 40 / 400: C.11.2.1.2.1 with y from 0 to 1
  t.is(grey[water], Math.fround((0 - 39.5) / 399 + 0.5))
})

test('the codecs are those whose values were compared', async t => {
  const hash = createHash('sha256')
    .update(await readFile(WASM_FILE))
    .digest('hex')
  t.is(hash, 'dff1bc9b3872588c231ea90894f05e7eacd7f5074b9db964e64e7f3f29821d30')
})
