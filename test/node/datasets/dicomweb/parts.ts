/** Multipart bodies written by the tests. @module */

export interface PartsWriting {
  /** states each part's length */
  readonly length?: boolean
  /** states this length instead */
  readonly stated?: string
  readonly type?: string
}

export function partsOf(bodies: readonly Uint8Array[], boundary: string, writing: PartsWriting = {}): Buffer {
  const { length = false, stated, type = 'application/dicom' } = writing
  const pieces = bodies.flatMap(body => {
    const lengthLine = length || stated !== undefined ? `Content-Length: ${stated ?? body.length}\r\n` : ''
    return [
      Buffer.from(`--${boundary}\r\nContent-Type: ${type}\r\n${lengthLine}\r\n`, 'latin1'),
      body,
      Buffer.from('\r\n'),
    ]
  })
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`, 'latin1')])
}
