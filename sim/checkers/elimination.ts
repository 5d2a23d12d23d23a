/**
 * Consequences of linear equations over symbols, by Gaussian elimination in a prime field. The coefficients are 0 and
 * ±1, and eliminating so few of them makes no number as large as the prime.
 *
 * @module
 */

/** below 2^26, so that products are exact */
const PRIME = 67_108_859

const mod = (value: number): number => ((value % PRIME) + PRIME) % PRIME

function inverse(value: number): number {
  // Fermat: a^(p−2)
  let [result, base] = [1, value]
  for (let exponent = PRIME - 2; exponent > 0; exponent = Math.floor(exponent / 2)) {
    if (exponent % 2 === 1) result = (result * base) % PRIME
    base = (base * base) % PRIME
  }
  return result
}

/** An equation: a known linear combination of symbols, as coefficients by name. */
export type Equation = ReadonlyMap<string, number>

/**
 * All consequences of the equations for the target symbols alone, for any values of the others: a basis, each element
 * scaled so that its first coefficient is 1.
 *
 * @param equations the known equations
 * @param isTarget  the symbols in question; all others are unknown and are eliminated
 */
export function knowledge(equations: readonly Equation[], isTarget: (symbol: string) => boolean): Equation[] {
  const symbols = [...new Set(equations.flatMap(equation => [...equation.keys()]))]
  // the others first, so that rows without them are about the targets alone
  const targets = symbols.filter(isTarget)
  const columns = [...symbols.filter(symbol => !isTarget(symbol)), ...targets]
  const rows = equations.map(equation => Float64Array.from(columns, symbol => mod(equation.get(symbol) ?? 0)))
  reduce(rows, columns.length)
  const others = columns.length - targets.length
  return rows
    .filter(row => row.subarray(0, others).every(isZero) && !row.every(isZero))
    .map(
      row => new Map(targets.flatMap((symbol, at) => (row[others + at] ? [[symbol, row[others + at]!] as const] : []))),
    )
}

const isZero = (coefficient: number): boolean => coefficient === 0

/** Brings the rows to reduced row echelon form, in place. */
function reduce(rows: Float64Array[], columns: number): void {
  let rank = 0
  for (let column = 0; column < columns && rank < rows.length; column++) {
    const found = rows.findIndex((row, at) => at >= rank && row[column] !== 0)
    if (found < 0) continue
    const pivot = rows[found] as Float64Array
    rows[found] = rows[rank] as Float64Array
    rows[rank] = pivot
    const factor = inverse(pivot[column] as number)
    for (let at = column; at < columns; at++) pivot[at] = (pivot[at]! * factor) % PRIME
    for (const row of rows) {
      const times = row[column] as number
      if (row === pivot || times === 0) continue
      for (let at = column; at < columns; at++) row[at] = mod(row[at]! - ((times * pivot[at]!) % PRIME))
    }
    rank += 1
  }
}
