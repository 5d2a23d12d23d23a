/** Messages of one liar to an honest hospital: any content, under its own signature. @module */

import fc from 'fast-check'
import { seal } from '../../../crypto/envelope.ts'
import type { Signer } from '../../../crypto/signature.ts'
import { decode, encode } from '../../../protocols/encoding/codec.ts'
import { VALUE_BYTES_MAX, VIEWS_MAX } from '../../../protocols/messages/limits.ts'
import { decodeEnvelope, encodeEnvelope } from '../../../protocols/messages/messages.ts'
import { encodeChange } from '../../../protocols/roster/change.ts'
import type { Member } from '../../../protocols/roster/roster.ts'
import { proposerOf } from '../../../protocols/round/facts.ts'
import { decodeLink, encodeLink, type Link } from '../../../protocols/transcript/link.ts'
import type { Dice } from '../dice.ts'
import type { Moment, Past } from '../moments.ts'
import { MUTATIONS } from '../mutations.ts'
import { BODIES } from './messages.ts'

type Said = Record<string, unknown>

/** Valid values of every field of every kind of message, the same in every run. */
const POOL: Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>> = Object.fromEntries(
  Object.entries(BODIES).map(([type, fields]) => [
    type,
    Object.fromEntries(
      Object.entries(fields).map(([name, { good, edges }]) => [
        name,
        [...fc.sample(good, { numRuns: 12, seed: name.length }), ...edges],
      ]),
    ),
  ]),
)

export class Liar {
  readonly #past: Past
  readonly #signer: Signer
  readonly #member: Member
  readonly #bodies: readonly Said[]

  constructor(past: Past, member: Member) {
    this.#past = past
    this.#member = member
    this.#signer = past.signers[member] as Signer
    this.#bodies = past.wires.map(wire => decode(decodeEnvelope(wire).body) as Said)
  }

  /** A new message that the schema accepts; sometimes one that it refuses. */
  wire(moment: Moment, dice: Dice): Uint8Array {
    const body = dice.once(4) ? this.#fresh(moment, dice) : { ...dice.pick(this.#bodies) }
    const { round } = moment.state
    if (!dice.once(12)) body['round'] = dice.once(12) ? round + 1 : round
    for (let times = dice.below(4); times > 0; times--) this.#change(body, dice)
    const proposes = body['type'] === 'open' || body['type'] === 'propose'
    if (proposes && !dice.once(4)) body['view'] = this.#viewOfOurs(moment, body['round'] as number, dice)
    const bytes = encode(body)
    return this.#sign(dice.once(40) ? MUTATIONS.value({ value: body, bytes }, dice) : bytes)
  }

  /** A message of any kind, even an implausible one, on an existing session. */
  #fresh({ state, context }: Moment, dice: Dice): Said {
    const [type, pool] = dice.pick(Object.entries(POOL))
    const drawn = Object.fromEntries(Object.entries(pool).map(([name, values]) => [name, dice.pick(values)]))
    const { sid } = dice.pick(this.#bodies.filter(body => 'sid' in body))
    const body = { type, study: context.study, roster: state.roster.version, round: state.round, ...drawn }
    if (type === 'approve' && dice.once(2)) {
      const { id } = dice.pick(this.#past.signers)
      return { ...body, change: encodeChange({ kind: 'remove', id }) }
    }
    return { ...body, ...('sid' in pool && { sid }), ...('view' in pool && dice.once(2) && { view: dice.below(3) }) }
  }

  #sign(body: Uint8Array): Uint8Array {
    return encodeEnvelope(seal(this.#signer, body))
  }

  /** A view in which the liar is the proposer, because proposals in other views are refused at once. */
  #viewOfOurs({ context }: Moment, round: number, dice: Dice): number {
    const views = Array.from({ length: 24 }, (_, view) => view)
    return dice.pick(views.filter(view => proposerOf(context, round, view) === this.#member))
  }

  #change(body: Said, dice: Dice): void {
    const type = body['type'] as string
    const names = Object.keys(BODIES[type as keyof typeof BODIES])
    if (names.length === 0) return
    const name = dice.pick(names)
    const value = body[name]
    if (Array.isArray(value) && !dice.once(4)) body[name] = this.#list(value, dice)
    else if (name === 'value' && value instanceof Uint8Array && type !== 'prevote' && !dice.once(4)) {
      body[name] = this.#value(value, dice)
    } else {
      const others = this.#bodies.filter(other => name in other && typeof other[name] === typeof value)
      const pool = POOL[type]?.[name] as readonly unknown[]
      body[name] = others.length === 0 || dice.once(2) ? dice.pick(pool) : dice.pick(others)[name]
    }
  }

  /** A list of envelopes or ranks with one removed, repeated or foreign element, or in another order. */
  #list(items: readonly unknown[], dice: Dice): unknown {
    const at = dice.below(items.length)
    const other = typeof items[0] === 'number' ? dice.below(6) : dice.pick(this.#past.wires.filter(fits))
    switch (dice.below(4)) {
      case 0:
        return items.toSpliced(at, 1)
      case 1:
        return [...items, items[at] ?? other].slice(0, 100)
      case 2:
        return items.toReversed()
      default:
        return items.length === 0 ? [other] : items.with(at, other)
    }
  }

  /** The value of an agreement with one change, canonical as before. */
  #value(bytes: Uint8Array, dice: Dice): Uint8Array {
    try {
      const value = decode(bytes)
      const mutated = MUTATIONS.value({ value, bytes }, dice)
      return mutated.length <= 4096 ? mutated : bytes
    } catch {
      return dice.pick(this.#past.links).value
    }
  }

  /** The largest valid messages, two for each slot that a liar can fill, in this round and the next. */
  *flood({ state, context }: Moment): Generator<Uint8Array> {
    const header = { study: context.study, roster: state.roster.version }
    for (const round of [state.round, state.round + 1]) {
      for (let view = 0; view < VIEWS_MAX; view++) {
        for (const [type, pool] of Object.entries(POOL)) {
          if (view > 0 && !('view' in pool) && !('attempt' in pool)) continue
          const large = Object.fromEntries(Object.entries(pool).map(([name, values]) => [name, largest(values)]))
          const place = { ...('view' in pool && { view }), ...('attempt' in pool && { attempt: view }) }
          for (const times of [1, 2]) {
            const said = { type, ...header, round, ...large, ...place, ...('validView' in pool && { validView: -1 }) }
            yield this.#sign(encode({ ...said, ...('value' in pool && this.#filler(type, times)) }))
          }
        }
      }
    }
  }

  #filler(type: string, times: number): Said {
    if (type === 'prevote' || type === 'precommit') return { value: new Uint8Array(32).fill(times) }
    const list = new Array<Uint8Array>(44).fill(new Uint8Array(1024))
    const name = type === 'propose' ? 'proof' : 'precommits'
    return { value: new Uint8Array(VALUE_BYTES_MAX).fill(times), [name]: list }
  }

  /** Certified rounds, some of them altered. */
  links(dice: Dice): Link[] {
    const from = dice.below(this.#past.links.length)
    const links = this.#past.links.slice(from).map(link => decodeLink(encodeLink(link)))
    const at = dice.below(links.length)
    links[at] = this.#link(links[at] as Link, dice)
    return links
  }

  #link(link: Link, dice: Dice): Link {
    const other = dice.pick(this.#past.links)
    switch (dice.below(6)) {
      case 0:
        return { ...link, value: other.value }
      case 1:
        return { ...link, value: this.#value(link.value, dice) }
      case 2:
        return { ...link, round: dice.pick([0, 1, 2, 3, 4, 2 ** 32 - 1]) }
      case 3:
        return { ...link, precommits: this.#list(link.precommits, dice) as Uint8Array[] }
      case 4:
        return { ...link, precommits: dice.pick([[], other.precommits, new Array(9).fill(link.precommits[0])]) }
      default:
        return link
    }
  }
}

function largest(values: readonly unknown[]): unknown {
  return values.reduce((one, other) => (encode(other).length > encode(one).length ? other : one))
}

/** Whether an envelope is small enough to be nested in another message, as READYs, votes and small OPENs are. */
function fits({ length }: Uint8Array): boolean {
  return length <= 1024
}
