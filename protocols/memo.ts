/**
 * Values that follow from parts of a state, worked out once: states are never changed, so a part that is the same object
 * gives the same value.
 *
 * @module
 */

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
