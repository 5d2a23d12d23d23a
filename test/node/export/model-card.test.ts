// Claims of node/export/model-card.ts and node/dossier/sections/model.ts about a certified evaluation: both show every figure
// with its interval, of all units and of each group; the card says what the figures do not tell; the same counts give the
// same bytes.

import test from 'ava'
import type { OpenedSources } from '../../../node/dossier/opened-sources.ts'
import { accuracySection, subgroupSection } from '../../../node/dossier/sections/model.ts'
import { type CardFacts, modelCard } from '../../../node/export/model-card.ts'
import { normalsOf } from '../../../node/study/count-redraws.ts'
import { evaluationFigures } from '../../../node/study/evaluation-figures.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import { evaluated } from '../../../protocols/model/evaluation-state.ts'
import { countsOfGroup, layoutOf } from '../../../protocols/study/evaluation.ts'
import { scheduleOf } from '../../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const SIGNERS = testSigners(4)

function studyOf(classes: string[]): StudyDocument {
  const privacy = { ...testStudy(SIGNERS).privacy, noise: 'distributed', noiseMultiplier: 2, epsilon: 100 } as const
  return testStudy(SIGNERS, {
    privacy,
    contract: {
      ...{ kind: 'table', shape: [2], classes, label: 'ill', absent: [] },
      columns: [{ name: 'sex', type: 'category', values: ['F', 'M'], missing: 'leave out' }],
    },
    evaluation: {
      ...{ bins: 4, share: 2 ** 30, units: 4000, noiseMultiplier: 1, margin: 0.05 },
      subgroups: { column: 'sex', values: ['F', 'M'] },
    },
    schedule: scheduleOf({ rounds: 3, statistics: false, every: 3 }),
  })
}

/** A checkpoint after one evaluation of many women and few men. */
function checkpointOf(document: StudyDocument) {
  const layout = layoutOf(document)!
  const normal = normalsOf(seededRng('card'))
  const counts = new Float32Array(layout.words)
  for (const [group, size] of [400, 0].entries()) {
    const own = countsOfGroup(counts, layout, group)
    for (let label = 0; label < layout.classes; label++) {
      for (const one of layout.scored) {
        for (let bin = 0; bin < layout.bins; bin++) {
          own[layout.binAt(one, label, bin)] = size * (label === one ? bin + 1 : 4 - bin) + normal()
        }
      }
      for (let said = 0; said < layout.classes && layout.predictionAt !== null; said++) {
        own[layout.predictionAt(label, said)] = size * (said === label ? 6 : 2) + normal()
      }
    }
  }
  const sum = Int32Array.from(counts, count => 1000 * count)
  return evaluated(initialCheckpoint(document), sum, { document, round: 4, scale: 1000, noise: 1000 })
}

function cardOf(document: StudyDocument) {
  const { evaluation } = checkpointOf(document)
  const roster = {
    version: 0,
    hospitals: document.hospitals,
    peers: document.hospitals.map(({ name }) => `peer ${name}`),
  }
  const facts = {
    ...{ document, study: 'ab', founder: 'peer', checkpoint: 'cd', which: 'newest', formats: ['onnx'], audit: null },
    certified: { roster, round: 4, quorum: 3 },
    figures: evaluationFigures(document, evaluation!, 'newest'),
  } as unknown as CardFacts
  const { json, markdown } = modelCard(facts)
  return { json: new TextDecoder().decode(json), markdown: new TextDecoder().decode(markdown) }
}

test('a card has every certified figure with its interval, for each group too, and what is not available', t => {
  const three = cardOf(studyOf(['no', 'some', 'much']))
  for (const name of [
    'AUC of some against the rest',
    'sensitivity of some against the rest, at 0.500',
    'specificity of much against the rest, at 0.500',
    'precision of no against the rest, at 0.500',
    'calibration error of no against the rest',
    'accuracy, by the largest score',
    "Matthews' coefficient, by the largest score",
    'macro F1, by the largest score',
  ]) {
    t.regex(three.markdown, new RegExp(`^- ${name}: [01]\\.\\d{3} \\(95 %: [01]\\.\\d{3} to [01]\\.\\d{3}\\)$`, 'm'))
    t.regex(three.markdown, new RegExp(`^ {2}- ${name}: `, 'm'))
  }
  t.regex(three.markdown, /^- sex: F, about 1[12]\d{3} units$/m)
  t.regex(three.markdown, /^- sex: M, too few units to tell/m)
  t.regex(three.markdown, /^ {2}- AUC: hidden by the noise$/m)
  t.regex(three.markdown, /Not available: the calibration error of the largest score/)
  const { metrics, metricsLimits } = JSON.parse(three.json)
  t.is(metricsLimits.length, 2)
  t.is(metrics.classes.length, 3)
  t.is(metrics.classes[0].reliability.length, 4)
  t.deepEqual(
    metrics.subgroups.groups.map(({ group }: { group: string }) => group),
    ['F', 'M'],
  )
  t.deepEqual(cardOf(studyOf(['no', 'some', 'much'])), three)

  const two = cardOf(studyOf(['no', 'yes']))
  t.regex(two.markdown, /^- accuracy, at 0\.500: 0\.\d{3}/m)
  t.false(two.markdown.includes('Not available'))
})

test('a dossier has them too: all units under accuracy, groups under subgroups, each with its source', t => {
  const document = studyOf(['no', 'yes'])
  const sources = { study: { document }, checkpoint: checkpointOf(document), report: null, baseline: null }
  const [accuracy, subgroups] = [accuracySection, subgroupSection].map(one => one(sources as unknown as OpenedSources))
  const names = accuracy!.facts.map(({ label }) => label).join('\n')
  for (const words of [
    'AUC, certified',
    'sensitivity of yes',
    'precision of yes',
    'calibration error of yes',
    'macro F1',
  ]) {
    t.true(names.includes(words), words)
  }
  t.is(subgroups!.facts.length, 2 * accuracy!.facts.length)
  t.true(subgroups!.facts.every(({ from }) => from.endsWith(': evaluation')))
  t.regex(subgroups!.facts[0]!.label, /^sex: F, AUC, certified/)
})
