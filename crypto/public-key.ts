/**
 * The Ed25519 public keys that may identify a hospital: canonical encodings (RFC 8032, 5.1.3) of points that are not of
 * small order. A signature under a key of small order needs no secret, because [k]A takes at most eight values.
 *
 * @module The eight points: "Taming the many EdDSAs", Chalkias, Garillot and Nikolaenko, 2020, table 1.
 */

/** 2^255 - 19, little endian */
const FIELD_PRIME = fromHex('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f')

/** y of the points of small order: of order 4, 1, 2, 8 and 8. Both signs of x are refused. */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
].map(fromHex)

const SIGN_BIT = 0x80

/**
 * Whether a hospital may have this public key.
 *
 * @param key 32 bytes, a point as RFC 8032 encodes it
 */
export function isSoundPublicKey(key: Uint8Array): boolean {
  const y = Uint8Array.from(key)
  y[y.length - 1]! &= ~SIGN_BIT
  return isBelow(y, FIELD_PRIME) && !SMALL_ORDER.some(point => Buffer.compare(point, y) === 0)
}

/** a < b, both little endian and of one length. */
function isBelow(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(Buffer.from(a).reverse(), Buffer.from(b).reverse()) < 0
}

function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}
