// Claims of node/datasets/numpy/labels.ts: labels are class indices or class names of the study, or refused.
import test from 'ava'
import { createLabelReader } from '../../../../node/datasets/numpy/labels.ts'
import { NpyError, parseNpy } from '../../../../node/datasets/numpy/npy.ts'
import { npy } from '../arrays.ts'

const CLASSES = ['normal', 'entzündet', 'covid 19']

function labelsOf(array: Uint8Array, classes: readonly string[] = CLASSES): number[] {
  const parsed = parseNpy(array)
  const reader = createLabelReader(parsed, { count: parsed.shape[0] ?? 0, classes })
  reader.push(parsed.body)
  return [...reader.finish()]
}

/** As numpy's U: four bytes a character, filled up with zeros. */
function text(words: string[], { bigEndian = false, width = 12 } = {}): Uint8Array {
  const bytes = Buffer.alloc(words.length * width * 4)
  for (const [row, word] of words.entries()) {
    for (const [column, character] of [...word].entries()) {
      const at = (row * width + column) * 4
      if (bigEndian) bytes.writeUInt32BE(character.codePointAt(0)!, at)
      else bytes.writeUInt32LE(character.codePointAt(0)!, at)
    }
  }
  return npy(bytes, { descr: `${bigEndian ? '>' : '<'}U${width}`, shape: [words.length] })
}

function refusal(array: Uint8Array, classes?: readonly string[]): NpyError {
  try {
    labelsOf(array, classes)
  } catch (error) {
    if (error instanceof NpyError) return error
    throw error
  }
  throw new Error('the labels were read')
}

test('floats that are whole numbers are indices, in either byte order', t => {
  t.deepEqual(labelsOf(npy(Float64Array.of(2, 0), { descr: '<f8', shape: [2] })), [2, 0])
  t.deepEqual(labelsOf(npy(Uint16Array.of(0x4000, 0), { descr: '<f2', shape: [2, 1] })), [2, 0])
  t.deepEqual(labelsOf(npy(Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 0), { descr: '>i4', shape: [2] })), [2, 0])
})

test('text names the classes, in both of numpy types and byte orders', t => {
  const words = ['covid 19', 'normal', 'entzündet']
  t.deepEqual(labelsOf(text(words)), [2, 0, 1])
  t.deepEqual(labelsOf(text(words, { bigEndian: true })), [2, 0, 1])
  t.deepEqual(labelsOf(text(['entzu\u0308ndet'])), [1])
  const bytes = Buffer.concat(words.map(word => Buffer.concat([Buffer.from(word), Buffer.alloc(10)]).subarray(0, 10)))
  t.deepEqual(labelsOf(npy(bytes, { descr: '|S10', shape: [3] })), [2, 0, 1])
})

test('a name that is no class is refused with the names that are', t => {
  const error = refusal(text(['normal', 'flu\u001b[2J']))
  t.regex(error.message, /has a label in record 1 that is no class, .* classes are "normal", "entzündet", "covid 19"$/)
  t.false(error.message.includes('\u001b'))
  t.regex(refusal(text(['1', '2'])).hint, /save array\.astype\("int64"\)/)
})

test('text that no character is gives the one error', t => {
  const array = npy(Uint32Array.of(0xffffffff, 0xd800), { descr: '<U2', shape: [1] })
  t.regex(refusal(array).message, /has a label in record/)
})

test('one column for each class is refused with the way to indices', t => {
  const error = refusal(npy(new Uint8Array(6), { shape: [2, 3] }))
  t.regex(error.message, /has the shape \(2, 3\) where 2 records need \(2,\) or \(2, 1\)/)
  t.regex(error.hint, /argmax\(axis=1\)/)
})
