/** Floats as little-endian bytes, on machines of either order of bytes. */
export function littleEndian(values: Float32Array): Uint8Array {
  const out = new Uint8Array(4 * values.length)
  const view = new DataView(out.buffer)
  for (let at = 0; at < values.length; at++) view.setFloat32(4 * at, values[at]!, true)
  return out
}
