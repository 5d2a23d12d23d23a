import test from 'ava'
import { CryptoError } from '../../crypto/errors.ts'
import { sha256, u32be } from '../../crypto/hash.ts'
import { toHex } from '../helpers/hex.ts'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

test('SHA-256 is that of FIPS 180-4, and of the concatenation of its parts', t => {
  const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  t.is(toHex(sha256(ascii('abc'))), expected)
  t.is(toHex(sha256(ascii('a'), ascii(''), ascii('bc'))), expected)
  t.is(toHex(sha256()), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  t.false(Buffer.isBuffer(sha256()), 'a Buffer would encode and compare differently')
})

test('integers are written big-endian', t => {
  t.is(toHex(u32be(0x01020304)), '01020304')
  t.is(toHex(u32be(2 ** 32 - 1)), 'ffffffff')
})

test('an integer that does not fit is refused', t => {
  for (const n of [-1, 2 ** 32, 0.5, Number.NaN]) t.throws(() => u32be(n), { instanceOf: CryptoError })
})
