// Claims: safetensors and npz files hold the deployed weights by their names, as Python reads them; the reader of
// safetensors gives back what was written, and refuses everything else with an error of its own.

import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import fc from 'fast-check'
import { CodedError } from '../../../crypto/errors.ts'
import { type NamedTensor, tensorsOf } from '../../../node/export/named-tensors.ts'
import { encodeNpz } from '../../../node/export/npz.ts'
import { decodeSafetensors, encodeSafetensors } from '../../../node/export/safetensors.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { finishedDocument } from './finished-study.ts'
import { randomCheckpoint } from './models.ts'

const run = promisify(execFile)
const PYTHON = '/usr/bin/python3'
const METADATA = { round: '7', classes: 'no, yes' }

const TENSOR: fc.Arbitrary<NamedTensor> = fc
  .record({ name: fc.string({ minLength: 1 }), shape: fc.array(fc.nat({ max: 4 }), { maxLength: 4 }) })
  .chain(({ name, shape }) => {
    const length = shape.reduce((product, side) => product * side, 1)
    const values = fc.float32Array({ minLength: length, maxLength: length })
    return values.map(found => ({ name, shape, values: found }))
  })
  // an object's keys that are whole numbers change their order
  .filter(({ name }) => name !== '__metadata__' && name !== '__proto__' && !/^\d+$/.test(name))
const TENSORS = fc.uniqueArray(TENSOR, { selector: ({ name }) => name, maxLength: 5 })

test('what is written is read: any tensors, any metadata', t => {
  const key = fc.string().filter(text => text !== '__proto__')
  const metadata = fc.dictionary(key, fc.string(), { noNullPrototype: true })
  fc.assert(
    fc.property(TENSORS, metadata, (tensors, words) => {
      const bytes = encodeSafetensors(tensors, words)
      const found = decodeSafetensors(bytes)
      t.deepEqual(
        found.tensors.map(({ name }) => name),
        tensors.map(({ name }) => name),
      )
      tensors.forEach(({ shape, values }, at) => {
        t.deepEqual(found.tensors[at]!.shape, shape)
        t.true(values.every((value, index) => Object.is(value, found.tensors[at]!.values[index])))
      })
      t.deepEqual({ ...found.metadata }, { ...words })
    }),
  )
})

test('bytes that are no such file are refused with an error of its own', t => {
  const refuses = (bytes: Uint8Array): boolean => {
    try {
      decodeSafetensors(bytes)
      return false
    } catch (error) {
      return error instanceof CodedError
    }
  }
  fc.assert(fc.property(fc.uint8Array(), bytes => refuses(bytes)))
  const whole = encodeSafetensors(tensorsOf(finishedDocument(), randomCheckpoint(finishedDocument(), 'x')), METADATA)
  fc.assert(fc.property(fc.nat({ max: whole.length - 1 }), length => refuses(whole.subarray(0, length))))
  t.true(refuses(Buffer.concat([whole, new Uint8Array(1)])), 'it goes on')
  const headed = (header: unknown, bytes = 0, length?: number) => {
    const text = Buffer.from(JSON.stringify(header))
    const size = Buffer.alloc(8)
    size.writeBigUInt64LE(BigInt(length ?? text.length))
    return Buffer.concat([size, text, new Uint8Array(bytes)])
  }
  const tensor = (offsets: unknown, shape: unknown = [1], dtype = 'F32') => ({ dtype, shape, data_offsets: offsets })
  t.false(refuses(headed({ a: tensor([0, 4]) }, 4)))
  for (const [header, bytes] of [
    [{ a: tensor([0, 4], [1], 'I32') }, 4],
    [{ a: tensor([4, 8]) }, 8],
    [{ a: tensor([0, 4]), b: tensor([0, 4]) }, 4],
    [{ a: tensor([0, 4]) }, 0],
    [{ a: tensor([0, 4], [2 ** 53]) }, 4],
    [{ a: tensor([0, 4], [-1]) }, 4],
    [{ __metadata__: { a: 1 } }, 0],
    [[], 0],
  ] as const) {
    t.true(refuses(headed(header, bytes)), JSON.stringify(header))
  }
  t.true(refuses(headed({}, 0, 2 ** 52)), 'a header of petabytes')
})

test('a dozen lines of Python read both files', async t => {
  const isThere = await run(PYTHON, ['--version']).then(
    () => true,
    () => false,
  )
  if (!isThere) return void t.pass('there is no Python here')
  const folder = await temporaryFolder(t)
  const document = finishedDocument()
  const tensors = tensorsOf(document, randomCheckpoint(document, 'python'))
  const [safetensors, npz] = [join(folder, 'model.safetensors'), join(folder, 'model.npz')]
  await writeFile(safetensors, encodeSafetensors(tensors, METADATA))
  await writeFile(npz, encodeNpz(tensors, METADATA))
  const script = `
import json, struct, sys, zipfile, ast
data = open(sys.argv[1], 'rb').read()
length, = struct.unpack('<Q', data[:8])
header, body = json.loads(data[8:8 + length]), data[8 + length:]
metadata = header.pop('__metadata__')
tensors = {}
for name, entry in header.items():
    start, end = entry['data_offsets']
    tensors[name] = [entry['shape'], list(struct.unpack('<%df' % ((end - start) // 4), body[start:end]))]
arrays = {}
with zipfile.ZipFile(sys.argv[2]) as archive:
    assert archive.testzip() is None
    for file in archive.namelist():
        npy = archive.read(file)
        length, = struct.unpack('<H', npy[8:10])
        head = ast.literal_eval(npy[10:10 + length].decode())
        kind = {'<f4': 'f', '|u1': 'B'}[head['descr']]
        body = npy[10 + length:]
        arrays[file[:-4]] = [list(head['shape']), list(struct.unpack('<%d%s' % (len(body) // struct.calcsize(kind), kind), body))]
print(json.dumps([metadata, tensors, json.loads(bytes(arrays.pop('metadata')[1])), arrays]))`
  const { stdout } = await run(PYTHON, ['-c', script, safetensors, npz])
  const expected = Object.fromEntries(tensors.map(({ name, shape, values }) => [name, [[...shape], [...values]]]))
  t.deepEqual(Object.keys(expected), [
    ...['dense1/kernel', 'dense1/bias', 'head/kernel', 'head/bias', 'normalisation/columns'],
  ])
  t.deepEqual(JSON.parse(stdout), [METADATA, expected, METADATA, expected])
})
