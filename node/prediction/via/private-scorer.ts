/**
 * Scores records without showing them: splits their features into shares, has hospitals multiply these by the head, and
 * adds the answers up. Where two hospitals compute one share, a hospital that lies is found, named, and asked no more.
 *
 * A hospital is sent shares of several sharings of one record when an attempt is repeated. Each sharing is drawn anew, so
 * what t hospitals hold of each is independent of the record, and of each other.
 *
 * @module
 */

import { decodeProducts, encodeFixed64, PRODUCT_MAX, shardVector, sumWords, VALUE_MAX } from '../../../crypto/ring64.ts'
import type { Rng } from '../../../crypto/rng.ts'
import { printable } from '../../../protocols/encoding/printable.ts'
import { commonHolder, disputesOf, liarOf, planRecheck } from '../../../protocols/prediction/comparison.ts'
import { type Holding, holdingOf, sharesOf } from '../../../protocols/prediction/holders.ts'
import type { Dataset } from '../../datasets/dataset.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { featuresOnDemand } from '../../training/features.ts'
import { normalise } from '../../training/normaliser.ts'
import type { Scores } from '../../training/scoring.ts'
import type { OpenedPass, PassHospital } from './pass-file.ts'
import { type Asked, type ViaClient, whyNot } from './via-client.ts'

/** Records whose shares travel together. */
const RECORDS_MAX = 16

export interface PrivateScorerParts {
  readonly pass: OpenedPass
  readonly client: Pick<ViaClient, 'greet' | 'products'>
  readonly rng: Rng
  /** told in sentences what happens: who does not answer, who has lied, what cannot be found */
  readonly tell: (text: string) => void
}

export class PrivateScorer {
  readonly #parts: PrivateScorerParts
  readonly #asked: Asked[]
  /** those that answer */
  #hospitals: PassHospital[]

  private constructor(parts: PrivateScorerParts, asked: Asked[]) {
    this.#parts = parts
    this.#asked = asked
    this.#hospitals = asked.filter(({ refused }) => refused === null).map(({ hospital }) => hospital)
  }

  /** Shows the pass to the hospitals. @throws OperatorError `too-few-hospitals`, exit code 9 */
  static async open(parts: PrivateScorerParts): Promise<PrivateScorer> {
    const scorer = new PrivateScorer(parts, await parts.client.greet())
    for (const { hospital, refused } of scorer.#asked) {
      if (refused !== null) parts.tell(`${nameOf(hospital)} does not answer: ${refused}`)
    }
    scorer.#tellHolding()
    return scorer
  }

  /** How many hospitals may put what they hold together and still learn nothing. */
  get colluders(): number {
    return this.#parts.pass.document.privacy.colluders
  }

  /** Whether a wrong answer is found, at present. */
  get isChecked(): boolean {
    return this.#holding().kind !== 'single'
  }

  /** Names of those that answer. */
  get hospitals(): string[] {
    return this.#hospitals.map(nameOf)
  }

  /** Logits and probabilities of records; NaN for a record whose features are too large or no numbers. */
  async score(dataset: Dataset): Promise<Scores> {
    const { document, normalisation, pass } = this.#parts.pass
    const classes = document.contract.classes.length
    const features = featuresOnDemand(document, dataset)
    const logits = new Float32Array(dataset.count * classes).fill(Number.NaN)
    const probabilities = logits.slice()
    for (let start = 0; start < dataset.count; start += RECORDS_MAX) {
      const batch = Uint32Array.from({ length: Math.min(RECORDS_MAX, dataset.count - start) }, (_, at) => start + at)
      const { inputs } = features.select(batch)
      normalise(inputs, document, normalisation)
      const length = inputs.length / batch.length
      const vectors = Array.from(batch, (_, at) => [...inputs.subarray(at * length, (at + 1) * length), 1])
      const usable = vectors.flatMap((vector, at) => (fits(vector, pass.weightNorm) ? [at] : []))
      const found = usable.length === 0 ? [] : await this.logits(usable.map(at => vectors[at]!))
      for (const [index, at] of usable.entries()) {
        logits.set(found[index]!, (start + at) * classes)
        probabilities.set(softmax(found[index]!), (start + at) * classes)
      }
    }
    return { logits, probabilities }
  }

  /**
   * Logits of feature vectors, each with 1 at its end for the bias. Repeats with fresh shares without those hospitals that
   * do not answer or have lied.
   *
   * @throws OperatorError `too-few-hospitals`, exit code 9
   */
  async logits(vectors: readonly ArrayLike<number>[]): Promise<Float64Array[]> {
    const secrets = vectors.map(encodeFixed64)
    for (;;) {
      const found = await this.#attempt(secrets)
      if (found !== null) return found
      this.#tellHolding()
    }
  }

  #holding(): Holding {
    const { colluders } = this
    if (this.#hospitals.length > colluders) return holdingOf({ hospitals: this.#hospitals.length, colluders })
    const reasons = this.#asked.flatMap(({ hospital, refused }) =>
      refused === null ? [] : [`${nameOf(hospital)}: ${refused}`],
    )
    throw new OperatorError(
      'too-few-hospitals',
      `${this.#hospitals.length} hospitals answer, and at least ${colluders + 1} are needed, so that ${colluders} of them together learn nothing. ${reasons.join('. ')}`,
      {
        hint: 'Ask these hospitals; or the one that made the pass whether the model may be handed out, with its epsilon.',
        exitCode: EXIT.nodeUnreachable,
      },
    )
  }

  #tellHolding(): void {
    const { kind, holders } = this.#holding()
    this.#parts.tell(
      kind === 'single'
        ? `${holders.length} hospitals compute one share each: a wrong answer of one of them is NOT found (that takes ${this.colluders === 1 ? 3 : 2 * (this.colluders + 1)} that answer).`
        : 'Two hospitals compute each share, and their answers are compared: a wrong answer is found unless both give it.',
    )
  }

  /** Leaves a hospital out. */
  #drop(hospital: PassHospital, reason: string): void {
    this.#hospitals = this.#hospitals.filter(one => one !== hospital)
    const at = this.#asked.findIndex(one => one.hospital === hospital)
    this.#asked[at] = { hospital, refused: reason }
    this.#parts.tell(`${nameOf(hospital)} is asked no more: ${reason}`)
  }

  /** One attempt, with fresh shares. @returns null where a hospital was left out, and it has to be repeated */
  async #attempt(secrets: readonly Uint32Array[]): Promise<Float64Array[] | null> {
    const holding = this.#holding()
    const hospitals = this.#hospitals
    const sharings = secrets.map(secret => shardVector(secret, holding.holders.length, this.#parts.rng))
    const places = hospitals.flatMap((_, place) => (sharesOf(holding, place).length > 0 ? [place] : []))
    const answers = await Promise.all(
      places.map(async place => {
        const own = sharesOf(holding, place)
        const shares = sharings.flatMap(sharing => own.map(share => sharing[share]!))
        return await this.#products(hospitals[place]!, shares)
      }),
    )
    if (answers.includes(null)) return null
    const answerOf = (record: number, share: number, place: number): BigUint64Array => {
      const own = sharesOf(holding, place)
      return answers[places.indexOf(place)]![record * own.length + own.indexOf(share)]!
    }
    const said = sharings.map((_, record) =>
      holding.holders.map((held, share) => held.map(place => answerOf(record, share, place))),
    )
    const disputed = said.flatMap((answered, record) => disputesOf(answered).map(share => ({ record, share })))
    if (disputed.length === 0) {
      return said.map(answered => decodeProducts(sumWords(answered.map(([first]) => first!))))
    }
    const { record, share } = disputed[0]!
    const common = commonHolder(
      holding,
      disputed.map(one => one.share),
    )
    if (common !== null) this.#drop(hospitals[common]!, 'it has answered otherwise than two others: it has lied')
    else await this.#settle(holding.holders[share]!, { share: sharings[record]![share]!, said: said[record]![share]! })
    return null
  }

  /** Finds out who of two has lied, with a third one's help, and leaves the liar out; both, where it remains open. */
  async #settle(
    [a, b]: readonly number[],
    { share, said }: { share: Uint32Array; said: readonly BigUint64Array[] },
  ): Promise<void> {
    const [first, second] = [this.#hospitals[a!]!, this.#hospitals[b!]!]
    const third = this.#hospitals.find(one => one !== first && one !== second)!
    const recheck = planRecheck(share, this.#parts.rng)
    const answers = await Promise.all([
      this.#products(first, recheck.pair),
      this.#products(second, recheck.pair),
      this.#products(third, recheck.third),
    ])
    const [one, other, thirds] = answers
    // who does not answer is left out already
    if (!one || !other || !thirds) return
    const liar = liarOf(recheck, { before: [said[0]!, said[1]!], pair: [one, other], third: thirds })
    if (liar !== null) {
      const [named, honest] = liar === 0 ? [first, second] : [second, first]
      const why = `it has lied: it answered otherwise than ${nameOf(honest)}, and ${nameOf(third)} recomputed`
      return this.#drop(named, why)
    }
    for (const [suspect, beside] of [
      [first, second],
      [second, first],
    ] as const) {
      this.#drop(suspect, `it answered otherwise than ${nameOf(beside)}, and it remains open which of them has lied`)
    }
  }

  async #products(hospital: PassHospital, shares: readonly Uint32Array[]): Promise<BigUint64Array[] | null> {
    try {
      return await this.#parts.client.products(hospital, shares)
    } catch (error) {
      this.#drop(hospital, whyNot(error))
      return null
    }
  }
}

/** Whether all products with rows of such a norm stay below PRODUCT_MAX (Cauchy and Schwarz). */
function fits(vector: readonly number[], weightNorm: number): boolean {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  return norm < VALUE_MAX && norm * weightNorm < PRODUCT_MAX
}

function softmax(logits: Float64Array): Float64Array {
  const largest = logits.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY)
  const powers = logits.map(one => Math.exp(one - largest))
  const sum = powers.reduce((total, one) => total + one, 0)
  return powers.map(one => one / sum)
}

/** Names of hospitals are text of others. */
function nameOf({ name, peer }: PassHospital): string {
  return `${printable(name)} (${peer.slice(-8)})`
}
