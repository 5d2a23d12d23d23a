// Claims of node/datasets/dicomweb/multipart.ts: parts come out as they went in, and whatever else comes in ends in parts
// that lie within it or in an error of its own.
import test from 'ava'
import fc from 'fast-check'
import { PART_HEADER_BYTES_MAX, PARTS_MAX } from '../../../../node/datasets/dicomweb/limits.ts'
import { mediaType, multipartParts } from '../../../../node/datasets/dicomweb/multipart.ts'
import { PacsError } from '../../../../node/datasets/dicomweb/pacs-error.ts'
import { partsOf } from './parts.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
const ANSWER = { instanceOf: PacsError, code: 'pacs-answer' } as const
const boundaries = fc.stringMatching(/^[0-9A-Za-z'()+_,./:=?-]{1,70}$/)

test('parts come out as they went in, with or without their lengths', t => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: PARTS_MAX })
  fc.assert(
    fc.property(
      bodies,
      boundaries,
      fc.boolean(),
      fc.constantFrom('', 'a preamble\r\n'),
      (all, boundary, length, before) => {
        fc.pre(!all.some(body => text(body).includes(`--${boundary}`)))
        const parts = multipartParts(Buffer.concat([Buffer.from(before), partsOf(all, boundary, { length })]), boundary)
        return (
          parts.length === all.length &&
          parts.every(({ type, body }, at) => type.type === 'application/dicom' && Buffer.compare(body, all[at]!) === 0)
        )
      },
    ),
  )
  t.pass()
})

test('a part may hold what looks like a boundary and is none', t => {
  for (const body of ['x\r\n--bc\r\ny', 'x--b\r\n', '\n--b\r\n', '-', '\r\n--b \tx']) {
    t.deepEqual(
      multipartParts(partsOf([Buffer.from(body)], 'b'), 'b').map(part => text(part.body)),
      [body],
    )
  }
})

test('a boundary may be followed by blanks, and a body by an epilogue', t => {
  const body = Buffer.from('--b \t\r\nContent-Type: application/dicom\r\n\r\nxyz\r\n--b--\r\nmore --b\r\n')
  t.deepEqual(
    multipartParts(body, 'b').map(part => text(part.body)),
    ['xyz'],
  )
  t.deepEqual(multipartParts(Buffer.from('--b--'), 'b'), [])
})

test('any bytes end in parts that lie within them, or in an error of its own', t => {
  const piece = fc.oneof(
    fc.constantFrom(
      '--b',
      '--b--',
      '\r\n',
      '\r\n\r\n',
      '\n',
      ' ',
      'Content-Length: 3',
      'Content-Type: application/dicom',
      '-',
    ),
    fc.string({ maxLength: 8 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.constantFrom('b', '', '-', 'b--'), (pieces, boundary) => {
      const body = Buffer.from(pieces.join(''), 'latin1')
      try {
        const parts = multipartParts(body, boundary)
        return parts.length <= PARTS_MAX && parts.every(part => body.includes(Buffer.from(part.body)))
      } catch (error) {
        return error instanceof PacsError && error.code === 'pacs-answer'
      }
    }),
    { numRuns: 2000 },
  )
  t.pass()
})

test('a body that is cut short anywhere is refused', t => {
  const whole = partsOf([Buffer.from('some bytes')], 'boundary', { length: true })
  const end = whole.lastIndexOf('--boundary--') + '--boundary--'.length
  t.is(multipartParts(whole.subarray(0, end), 'boundary').length, 1)
  for (let at = 0; at < end; at++) t.throws(() => multipartParts(whole.subarray(0, at), 'boundary'), ANSWER, String(at))
})

test('another boundary, a wrong length, headers without an end and too many parts are refused', t => {
  const one = [Buffer.from('xyz')]
  t.throws(() => multipartParts(partsOf(one, 'b'), 'c'), ANSWER)
  t.throws(() => multipartParts(partsOf(one, 'b'), ''), ANSWER)
  t.throws(() => multipartParts(partsOf(one, 'b'), 'b'.repeat(201)), ANSWER)
  for (const stated of ['2', '4', '-1', '3e0', '99999999999', '']) {
    t.throws(() => multipartParts(partsOf(one, 'b', { stated }), 'b'), ANSWER, stated)
  }
  t.throws(() => multipartParts(Buffer.from('--b\r\nContent-Type: x\r\n--b--'), 'b'), ANSWER)
  const long = Buffer.from(`--b\r\nX: ${'x'.repeat(PART_HEADER_BYTES_MAX)}\r\n\r\n\r\n--b--`)
  t.throws(() => multipartParts(long, 'b'), ANSWER)
  t.throws(() => multipartParts(partsOf(Array(PARTS_MAX + 1).fill(one[0]!), 'b'), 'b'), ANSWER)
})

test('a media type has its parameters, quoted or not, the first of a name, and never slows down', t => {
  const { type, parameters } = mediaType('Multipart/Related; TYPE="application/dicom";boundary="a\\"b;c"; boundary=d')
  t.is(type, 'multipart/related')
  t.deepEqual(
    [...parameters],
    [
      ['type', 'application/dicom'],
      ['boundary', 'a"b;c'],
    ],
  )
  for (const broken of ['', 'x', ';a=b', 'a/b c', 'a/b/c']) t.is(mediaType(broken).type, '', broken)
  fc.assert(fc.property(fc.string({ maxLength: 100 }), header => mediaType(header).type.length <= header.length))
  mediaType(`a/b${';a="'.repeat(4000)}`)
})
