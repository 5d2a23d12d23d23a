// Claims of a spec's text with other values: it is the same spec with these values, and keeps its comments; a text that
// says them in another way is refused with the values to write by hand.

import test from 'ava'
import fc from 'fast-check'
import { specTextWith, specWith } from '../../../node/study/spec-text.ts'
import { parseStudySpec } from '../../../node/study/study-spec.ts'
import { readTemplateText, TEMPLATE_NAMES } from '../../../node/study/templates.ts'

const at = { file: 'spec.toml', hospitals: 'later' } as const

for (const name of TEMPLATE_NAMES) {
  test(`${name}: any values are written into its text, and every comment stays`, async t => {
    const text = await readTemplateText(name)
    const number = fc.double({ min: 0.01, max: 1, noNaN: true })
    const settings = fc.record(
      {
        rounds: fc.integer({ min: 1, max: 1000 }),
        units: fc.integer({ min: 1, max: 1_000_000_000 }),
        colluders: fc.integer({ min: 1, max: 10 }),
        copies: fc.integer({ min: 1, max: 5 }),
        optimizer: fc.record({ learningRate: number }, { requiredKeys: [] }),
        privacy: fc.record(
          {
            ...{ epsilon: number, sampleRate: number, clippingNorm: number },
            delta: fc.double({ min: 1e-12, max: 1e-3, noNaN: true }),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    )
    const comments = (lines: string) => lines.split('\n').filter(line => line.includes('#'))
    fc.assert(
      fc.property(settings, chosen => {
        const written = specTextWith(text, chosen, at)
        t.deepEqual(parseStudySpec(written, 'written', at), specWith(parseStudySpec(text, 'text', at), chosen))
        t.deepEqual(comments(written), comments(text))
      }),
      { numRuns: 20 },
    )
  })
}

test('a comment behind a value stays', async t => {
  const text = (await readTemplateText('tabular')).replace('rounds = 20', 'rounds = 20 # enough')
  t.true(specTextWith(text, { rounds: 7 }, at).includes('rounds = 7 # enough'))
})

test('a text that says a value in another way is refused with the values', async t => {
  const dotted = (await readTemplateText('tabular')).replace(/\[privacy\]\n([\s\S]*)$/, (_, keys: string) =>
    keys.replaceAll(/^(?=\w)/gm, 'privacy.'),
  )
  const text = dotted.replace(/(privacy\.[\s\S]*)$/, '')
  const moved = dotted.slice(text.length) + text
  t.is(parseStudySpec(moved, 'moved', at).privacy.epsilon, 8)
  const error = t.throws(() => specTextWith(moved, { privacy: { epsilon: 3 } }, at), { code: 'spec-not-changed' })
  t.regex((error as unknown as { hint: string }).hint, /"epsilon":3/)
})
