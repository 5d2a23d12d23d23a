// @ts-check
/** Rounds of a study with their certificates, evidence, and the data sets. @module */

import { h } from './elements.js'
import { bytesText, command, countText, cut, duration, instant, outside, sentence, shortId } from './format.js'
import { empty, mark, paged, sectionBody, table } from './parts.js'
import { ROUNDS_SHOWN_MAX } from './round-list.js'

/** @import { Child } from './elements.js' */
/** @import { State, PageStore } from './store.js' */
/** @import { StudyRound } from '../api/rounds.ts' */

const FIRST = 12
const EVIDENCE_MAX = 50
const NAMES_MAX = 64

/** The choice among several studies. @param {State} state @param {PageStore} store @returns {Child} */
export function studyChoice(state, store) {
  const studies = (state.studies.value?.studies ?? []).filter(({ state: now }) => now !== 'proposed')
  const chosen = store.chosen
  if (studies.length < 2 || chosen === undefined) return null
  const choose = (/** @type {Event} */ event) => store.choose(/** @type {HTMLSelectElement} */ (event.target).value)
  return h(
    'p',
    { key: 'choice' },
    h('label', { for: 'study-choice' }, 'Study: '),
    h(
      'select',
      { id: 'study-choice', value: chosen.id, on: { change: choose } },
      studies.slice(0, 50).map(({ id, name }) => h('option', { value: id, key: id }, cut(name, 60))),
    ),
  )
}

/** @param {State} state @param {{ store: PageStore, redraw(): void }} to @returns {Child} */
export function roundsSection(state, { store, redraw }) {
  const study = store.chosen
  if (study === undefined)
    return sectionBody(
      state.studies,
      () => empty('No study has run yet.'),
      () => store.wantAll(),
    )
  const names = new Map((state.peers.value?.peers ?? []).map(({ peer, site }) => [peer, site]))
  return sectionBody(
    state.rounds.get(study.id) ?? {},
    list => {
      if (list.newest.length === 0) return empty('No round is finished yet.')
      const newest = list.newest.slice().reverse()
      const { shown, more } = paged('rounds', newest.length, { first: FIRST, most: ROUNDS_SHOWN_MAX, redraw })
      const columns = [
        ...[
          { title: 'Round', number: true },
          { title: 'Result' },
          { title: 'Finished' },
          { title: 'Took', number: true },
        ],
        ...[{ title: 'Contributors' }, { title: 'Certificate' }, { title: 'Evidence' }, { title: 'Checkpoint' }],
      ]
      return [
        h('p', { class: 'soft' }, 'The newest rounds of ', outside(study.name), ', newest first.'),
        table(
          'Rounds',
          columns,
          newest.slice(0, shown).map(round => ({ key: String(round.round), cells: roundCells(round, names) })),
        ),
        more,
      ]
    },
    () => store.wantAll(),
  )
}

/** @param {StudyRound} round @param {ReadonlyMap<string, string>} names @returns {Child[]} */
function roundCells(
  { round, outcome, finishedAt, durationMs, contributors, certificate, evidence, checkpoint, views },
  names,
) {
  const who = contributors.slice(0, NAMES_MAX).map(peer => cut(names.get(peer) ?? peer.slice(-8), 80))
  return [
    String(round),
    [
      outcome === 'result' ? mark('result', 'good') : mark('no result', 'open'),
      views > 1 && ` ${countText(views, 'view')}`,
    ],
    finishedAt === undefined ? '' : instant(finishedAt),
    duration(durationMs / 1000),
    h('span', { title: who.join(', ') }, countText(contributors.length, 'hospital')),
    certificate === null ? 'not kept here' : countText(certificate.votes, 'vote'),
    evidence === 0 ? 'none' : mark(countText(evidence, 'proof'), 'bad'),
    checkpoint === '' ? '' : shortId(checkpoint),
  ]
}

/** @param {State} state @param {() => void} retry @returns {Child} */
export function evidenceSection(state, retry) {
  return sectionBody(
    state.evidence,
    ({ evidence }) => {
      if (evidence.length === 0) return empty('None: no hospital was caught in a lie.')
      const columns = [
        { title: 'Hospital' },
        { title: 'What it proves' },
        { title: 'Round', number: true },
        { title: 'Size', number: true },
      ]
      const rows = evidence.slice(0, EVIDENCE_MAX).map(({ study, round, code, peer, site, bytes, text }) => ({
        key: `${study} ${round} ${code} ${peer}`,
        cells: [site === null ? shortId(peer) : outside(site), sentence(text), String(round), bytesText(bytes)],
      }))
      return [
        table('Evidence', columns, rows),
        h(
          'p',
          { class: 'soft' },
          countText(evidence.length, 'proof'),
          '. ',
          command('confrere evidence list'),
          ' names the files.',
        ),
      ]
    },
    retry,
  )
}

/** @param {State} state @param {() => void} retry @returns {Child} */
export function datasetsSection(state, retry) {
  return sectionBody(
    state.datasets,
    ({ datasets }) => {
      if (datasets.length === 0) return empty('No data set yet: ', command('confrere data add'), ' adds one.')
      const columns = [
        { title: 'Data set' },
        { title: 'Kind' },
        { title: 'Records', number: true },
        { title: 'Patients', number: true },
        { title: 'Used by' },
      ]
      const count = (/** @type {number | null} */ value, /** @type {string} */ without) =>
        value === null ? without : value.toLocaleString('en')
      return table(
        'Data sets',
        columns,
        datasets.slice(0, 100).map(({ name, kind, records, patients, studies, problem }) => ({
          key: name,
          cells: [
            [outside(name), problem !== null && h('div', { class: 'failed' }, sentence(problem))],
            ...[outside(kind), count(records, 'not known')],
            count(patients, records === null ? 'not known' : 'not named'),
            studies.length === 0
              ? 'no study'
              : studies.slice(0, 10).map((study, at) => [at > 0 && ', ', outside(study)]),
          ],
        })),
      )
    },
    retry,
  )
}
