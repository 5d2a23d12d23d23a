// Arrays as numpy writes them, for the tests of the readers.

export interface Header {
  descr?: string
  shape?: number[]
  fortran?: boolean
  version?: number
}

/** An array as numpy writes it: the header padded with spaces to a multiple of 64 bytes. */
export function npy(
  body: ArrayBufferView,
  { descr = '|u1', shape = [], fortran = false, version = 1 }: Header,
): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
  const type = descr.startsWith('[') ? descr : `'${descr}'`
  const text = `{'descr': ${type}, 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${tuple}, }`
  const prefix = version === 1 ? 10 : 12
  const length = Math.ceil((prefix + text.length + 1) / 64) * 64 - prefix
  const bytes = new Uint8Array(prefix + length + body.byteLength)
  bytes.set([0x93, ...Buffer.from('NUMPY'), version, 0])
  const view = new DataView(bytes.buffer)
  if (version === 1) view.setUint16(8, length, true)
  else view.setUint32(8, length, true)
  bytes.set(Buffer.from(`${text.padEnd(length - 1)}\n`), prefix)
  bytes.set(new Uint8Array(body.buffer, body.byteOffset, body.byteLength), prefix + length)
  return bytes
}
