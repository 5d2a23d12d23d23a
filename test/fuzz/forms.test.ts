// Claims: whatever peers say to each other comes back from its bytes as it was, and those bytes are the only ones of that
// value; with any field left out, added, of another kind or out of its bounds it is refused, always by the same codes.

import test from 'ava'
import fc from 'fast-check'
import { encode, type Plain } from '../../protocols/encoding/codec.ts'
import { ProtocolError } from '../../protocols/errors.ts'
import { BODY } from '../../protocols/messages/messages.ts'
import type { Form } from '../helpers/fields.ts'
import { BODIES, BODY_FORMS, CONTEXT, FORMS, SIGNERS } from '../helpers/round/messages.ts'

function refusalOf(form: Form, bytes: Uint8Array): string {
  try {
    form.decode(bytes)
    return 'accepted'
  } catch (error) {
    if (error instanceof ProtocolError) return error.code
    throw new Error(`${form.name}: ${error} on ${Buffer.from(bytes).toString('hex')}`, { cause: error })
  }
}

test('every kind of message that the schema knows is described here, field by field', t => {
  const header = ['type', 'study', 'roster', 'round']
  const described = Object.fromEntries(Object.entries(BODIES).map(([type, fields]) => [type, Object.keys(fields)]))
  const known = BODY.options.map(({ shape }) => [
    shape.type.value,
    Object.keys(shape).filter(name => !header.includes(name)),
  ])
  const sorted = (entries: [string, string[]][]) =>
    entries.map(([type, names]) => `${type}: ${names.toSorted().join(' ')}`).sort()
  t.deepEqual(sorted(Object.entries(described)), sorted(known as [string, string[]][]))
})

for (const form of FORMS) {
  test(`${form.name}: comes back as it was, from the only bytes that it has`, t => {
    const check = (value: Plain) => {
      const bytes = form.encode(value)
      const decoded = form.decode(bytes)
      t.deepEqual(decoded, value)
      t.deepEqual(form.encode(decoded as Plain), bytes)
      const turned = Object.fromEntries(Object.entries(value as object).reverse()) as Plain
      t.deepEqual(form.encode(turned), bytes)
    }
    for (const edge of form.field.edges) check(edge)
    fc.assert(fc.property(form.field.good, check), { numRuns: 50 })
  })

  test(`${form.name}: is refused with any field missing, added, of another kind or out of bounds`, t => {
    let refused = 0
    const check = (value: Plain) => {
      for (const wrong of form.field.bad(value)) {
        const code = refusalOf(form, form.encode(wrong))
        const expected = encode(wrong).length > 16 * 1024 ? [...form.codes, 'too-large'] : form.codes
        if (!expected.includes(code)) t.fail(`${code}: ${Buffer.from(encode(wrong)).toString('hex').slice(0, 2000)}`)
        refused += 1
      }
    }
    fc.assert(fc.property(form.field.good, check), { numRuns: 5 })
    t.true(refused > 100, `${refused}`)
  })
}

test('a body for another study, another roster or by somebody else is refused as what it is', t => {
  const [form] = BODY_FORMS as [Form]
  const [good] = fc.sample(form.field.good, { numRuns: 1, seed: 1 }) as [Record<string, Plain>]
  t.is(refusalOf(form, form.encode(good)), 'accepted')
  t.is(refusalOf(form, form.encode({ ...good, study: new Uint8Array(32) })), 'other-study')
  t.is(refusalOf(form, form.encode({ ...good, roster: 1 })), 'other-roster')
  t.is(SIGNERS.length, CONTEXT.roster.hospitals.length)
})
