/** A bounded cache for the results of costly functions. @module */

/** Caches the `most` results of a costly function that were used last, by the JSON of the arguments. */
export function remembering<Argument extends unknown[], Result>(
  most: number,
  make: (...argument: Argument) => Result,
): (...argument: Argument) => Result {
  const known = new Map<string, Result>()
  return (...argument) => {
    const key = JSON.stringify(argument)
    const result = known.get(key) ?? make(...argument)
    known.delete(key)
    known.set(key, result)
    if (known.size > most) known.delete(known.keys().next().value as string)
    return result
  }
}
