/** Costly results that are asked for again. @module */

/** Remembers the last results of a costly function. */
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
