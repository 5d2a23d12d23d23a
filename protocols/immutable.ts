/**
 * Values that are never changed: copy-on-write updates of the maps and lists that a state is made of, functions that
 * remember their result for the same parts of a state, and byte strings compared and written as text.
 *
 * @module
 */

/** A deeply read-only value. Byte arrays keep their type. */
export type Immutable<T> = T extends Uint8Array | string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer E)[]
    ? readonly Immutable<E>[]
    : { readonly [K in keyof T]: Immutable<T[K]> }

/** A copy of the map with one entry set. */
export function put<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value)
}

/** A copy of the set-like map without one key. */
export function drop<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const copy = new Map(map)
  copy.delete(key)
  return copy
}

/** Remembers a function of two immutable objects, for as long as these live. */
export function remember<A extends object, B extends object, T>(work: (a: A, b: B) => T): (a: A, b: B) => T {
  const known = new WeakMap<A, WeakMap<B, { readonly value: T }>>()
  return (a, b) => {
    let row = known.get(a)
    if (row === undefined) {
      row = new WeakMap()
      known.set(a, row)
    }
    let entry = row.get(b)
    if (entry === undefined) {
      entry = { value: work(a, b) }
      row.set(b, entry)
    }
    return entry.value
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** True for equal bytes. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
