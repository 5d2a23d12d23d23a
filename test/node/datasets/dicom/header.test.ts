// Claims of node/datasets/dicom/{header,data-set,patient}.ts: what is read, what is never read, and what is refused.
import { createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import test from 'ava'
import { DicomError } from '../../../../node/datasets/dicom/error.ts'
import { ALLOWED, readDicom } from '../../../../node/datasets/dicom/header.ts'
import { dicom, type Element, element, elementsOf, type Image, meta, SECRETS, SYNTAX } from './files.ts'

const IMAGE: Image = { rows: 2, columns: 3 }
const PIXELS = new Uint8Array(12)

const hmac = (id: Uint8Array) => createHmac('sha256', 'key').update(id).digest('hex')

function refused(t: { is: (a: unknown, b: unknown) => unknown }, image: Image, more: readonly Element[]): string {
  try {
    readDicom(dicom(image, PIXELS, { more }))
  } catch (error) {
    t.is((error as Error).constructor, DicomError)
    return (error as Error).message
  }
  return ''
}

test('no name, and no identifier of a patient, is printed, serialised or converted', t => {
  const file = readDicom(dicom(IMAGE, PIXELS))
  const prints = [inspect(file, { depth: 9, showHidden: true }), JSON.stringify(file), `${file.header.patient}`]
  for (const print of prints) {
    for (const secret of Object.values(SECRETS)) t.false(print.includes(secret))
    t.true(print.includes('[patient]'))
  }
  t.is(file.header.patient.keyed(hmac), hmac(Buffer.from(SECRETS.patient)))
})

test('spaces and zeros around a patient identifier mean nothing, and none is none', t => {
  const keyed = (id: string) => readDicom(dicom(IMAGE, PIXELS, { more: [[0x00100020, 'LO', id]] })).header.patient
  t.is(keyed('  A7 ').keyed(hmac), keyed('A7\0\0').keyed(hmac))
  t.not(keyed('A7').keyed(hmac), keyed('a7').keyed(hmac))
  t.true(keyed('   ').empty)
  t.false(keyed('0').empty)
})

test('neither a name, a date, an address nor an identifier of the image is on the list', t => {
  const tags: readonly string[] = Object.values(ALLOWED)
  const never = ['x00100010', 'x00100030', 'x00080018', 'x0020000d', 'x00080020', 'x00080050', 'x00081030', 'x00080090']
  t.deepEqual(
    never.filter(tag => tags.includes(tag)),
    [],
  )
  t.true(tags.length <= 30)
  // what is not on the list does not change what is read
  const more: Element[] = [
    [0x00081030, 'LO', 'FRACTURE OF ADA'],
    [0x00104000, 'LT', 'COMMENT'],
  ]
  t.deepEqual(readDicom(dicom(IMAGE, PIXELS, { more })).header, readDicom(dicom(IMAGE, PIXELS)).header)
})

test('terms pass as terms only', t => {
  const more: Element[] = [
    [0x00080060, 'CS', 'Ada L.'],
    [0x00180015, 'CS', 'CHEST'],
    [0x00280301, 'CS', 'YES'],
  ]
  const { header } = readDicom(dicom(IMAGE, PIXELS, { more }))
  t.is(header.modality, undefined)
  t.is(header.bodyPart, 'CHEST')
  t.is(header.burntIn, 'yes')
  t.is(readDicom(dicom(IMAGE, PIXELS)).header.burntIn, 'unknown')
})

test('a file without a file header is read by its first element, and the guess is said', t => {
  const body = (writing: { implicit?: boolean; big?: boolean }) =>
    Buffer.concat([...elementsOf(IMAGE), [0x7fe00010, 'OW', PIXELS] as const].map(one => element(one, writing)))
  const guesses = [
    [body({}), /no file header: read as Explicit VR Little Endian/],
    [body({ implicit: true }), /no file header: read as Implicit VR Little Endian/],
    [body({ big: true }), /no file header: read as Explicit VR Big Endian/],
    [Buffer.concat([Buffer.from(' '), body({})]), /one byte skipped/],
    [dicom(IMAGE, PIXELS).subarray(132), /lacks the preamble/],
  ] as const
  for (const [file, guess] of guesses) {
    const { header } = readDicom(file)
    t.regex(header.guess!, guess)
    t.deepEqual([header.rows, header.columns], [2, 3])
  }
})

test('a header that states nonsense is refused, in words', t => {
  const cases: [Image, Element[], RegExp][] = [
    [{ ...IMAGE, rows: 0 }, [], /no rows/],
    [{ ...IMAGE, samples: 2 }, [], /2 samples per pixel/],
    [{ ...IMAGE, samples: 3 }, [], /MONOCHROME2 with 3 samples/],
    [{ ...IMAGE, colour: 'PALETTE COLOR' }, [], /palette/],
    [{ ...IMAGE, colour: 'LOVELACE ADA' }, [], /photometric interpretation is missing/],
    [{ ...IMAGE, bitsAllocated: 32 }, [], /32 bits/],
    [{ ...IMAGE, bitsStored: 17 }, [], /17 bits of 16/],
    [{ ...IMAGE, highBit: 16 }, [], /high bit is 16/],
    [{ ...IMAGE, frames: 0 }, [], /positive whole number/],
    [{ ...IMAGE, frames: 20_000 }, [], /20000 frames/],
    [IMAGE, [[0x00280010, 'UL', 2]], /rows is no 16-bit number/],
    [IMAGE, [[0x00280008, 'IS', '9'.repeat(2000)]], /string of its header has more than 1024 bytes/],
    [
      IMAGE,
      [
        [0x00281050, 'DS', '1'],
        [0x00281051, 'DS', '2\\3'],
      ],
      /1 window centers and 2 widths/,
    ],
    [IMAGE, [[0x00281056, 'CS', 'CUBIC']], /window function/],
  ]
  for (const [image, more, message] of cases) t.regex(refused(t, image, more), message)
})

test('a syntax that is not read is named when the standard names it, and never quoted', t => {
  const withSyntax = (syntax: string) => () =>
    readDicom(Buffer.concat([meta(syntax), dicom(IMAGE, PIXELS).subarray(meta(SYNTAX.explicit).length)]))
  t.regex(t.throws(withSyntax('1.2.840.10008.1.2.4.102'))!.message, /video/)
  t.regex(t.throws(withSyntax('1.2.840.10008.1.2.4.110'))!.message, /JPEG XL/)
  t.regex(t.throws(withSyntax(SECRETS.patient))!.message, /one that the standard does not list/)
  t.regex(t.throws(withSyntax('__proto__'))!.message, /one that the standard does not list/)
  t.notThrows(withSyntax(SYNTAX.explicit))
})

test('a header holds nothing beside what the list of elements gives, whatever else the file has', t => {
  const others = [0x00080050, 0x00080080, 0x00081030, 0x00091001, 0x00101040, 0x00104000, 0x0020000d, 0x00324000]
  const more = others.map((tag): Element => [tag, 'LO', SECRETS.name])
  const made = ['guess', 'syntax', 'patient', 'transforms']
  const listed = Object.keys(ALLOWED)
  const { header } = readDicom(dicom(IMAGE, PIXELS, { more }))
  t.deepEqual(
    Object.keys(header).filter(key => !made.includes(key) && !listed.includes(key)),
    [],
  )
  const parts = header.transforms.flatMap(transform => Object.keys(transform))
  t.deepEqual([...new Set(parts)].sort(), ['hasUnit', 'rescale', 'windowFunction', 'windows'])
  for (const value of Object.values(header)) t.false(String(value).includes(SECRETS.name))
})
