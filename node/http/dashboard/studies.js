// @ts-check
/** The studies: how far each is, and what it costs in privacy. @module */

import { requestOf } from './api.js'
import { h } from './elements.js'
import { capital, command, countText, cut, duration, outside, sentence, shortId, since, spentText } from './format.js'
import { bar, button, empty, mark, paged, sectionBody, table } from './parts.js'

/** @import { Child, Tree } from './elements.js' */
/** @import { State, PageStore } from './store.js' */
/** @import { Questions } from './questions.js' */
/** @import { StudySummary } from '../api/studies.ts' */
/** @import { AccountSpending } from '../../privacy/report.ts' */

const FIRST = 6
const STUDIES_MAX = 100
/** The way of a study from left to right. */
const STEPS = /** @type {const} */ (['proposed', 'approved', 'starting', 'running', 'finished'])
const LOOKS = /** @type {Readonly<Record<StudySummary['state'], 'good' | 'open' | 'bad' | 'soft'>>} */ ({
  ...{ proposed: 'open', approved: 'soft', starting: 'soft', running: 'good', waiting: 'open' },
  ...{ finished: 'soft', failed: 'bad', left: 'soft' },
})

/** @param {State} state @param {{ store: PageStore, questions: Questions, redraw(): void }} to @returns {Child} */
export function studiesSection(state, { store, questions, redraw }) {
  const mayAct = state.session.value?.mayAct === true
  return sectionBody(
    state.studies,
    ({ studies }) => {
      if (studies.length === 0) {
        return empty(
          'No study yet. One that another hospital proposes appears below; ',
          command('confrere study new'),
          ' writes one.',
        )
      }
      const { shown, more } = paged('studies', studies.length, { first: FIRST, most: STUDIES_MAX, redraw })
      return [
        h(
          'ul',
          { class: 'cards' },
          studies.slice(0, shown).map(study => studyCard(study, mayAct ? questions : null)),
        ),
        more,
      ]
    },
    () => store.wantAll(),
  )
}

/** @param {StudySummary} study @param {Questions | null} questions @returns {Tree} */
function studyCard(study, questions) {
  const { id, name, state, text, waiting, dataset, result, error } = study
  const leaves = ['approved', 'starting', 'running', 'waiting', 'failed'].includes(state)
  return h(
    'li',
    { class: 'card', key: id },
    h('h3', {}, outside(name), ' ', mark(state, LOOKS[state])),
    h('p', {}, sentence(text)),
    waiting !== null && waiting.text !== text && h('p', {}, sentence(waiting.text), ' ', since(waiting.since)),
    waiting !== null && waiting.text === text && h('p', {}, 'So ', since(waiting.since)),
    steps(study),
    rounds(study),
    result.length > 0 &&
      h(
        'ul',
        { 'aria-label': `Result of ${cut(name, 80)}` },
        result.map(line => h('li', { key: line }, sentence(line))),
      ),
    error !== null &&
      h(
        'div',
        { class: 'failed' },
        h('p', {}, sentence(error.message)),
        error.hint !== null && h('p', {}, 'Remedy: ', sentence(error.hint)),
      ),
    h(
      'div',
      { class: 'foot' },
      h(
        'p',
        { class: 'soft' },
        dataset === null ? 'No data set is chosen. ' : ['Data set ', outside(dataset), '. '],
        'Study ',
        shortId(id),
      ),
      questions !== null &&
        leaves &&
        button('Leave…', () => questions.open(leaveQuestion(study)), { label: `Leave the study ${cut(name, 80)}` }),
    ),
  )
}

/** @param {StudySummary} study */
function leaveQuestion({ id, name }) {
  return {
    title: 'Leave this study?',
    body: [
      h(
        'p',
        {},
        'Your node stops taking part in ',
        outside(name),
        '. The other hospitals may have to wait for you or go on without you.',
      ),
      h('p', {}, 'What was charged to your privacy account stays charged.'),
    ],
    ...{ confirm: 'Leave the study', danger: true, focus: 'studies-title' },
    act: () =>
      requestOf(`/v1/studies/${id}/leave`, { method: 'POST' }).then(({ text }) => /** @type {string} */ (text)),
  }
}

/** @param {StudySummary} study @returns {Child} */
function steps({ state }) {
  if (state === 'failed' || state === 'left') return null
  const at = STEPS.indexOf(state === 'waiting' ? 'running' : state)
  return h(
    'ol',
    { class: 'steps', 'aria-label': 'Steps of the study' },
    STEPS.map((step, place) =>
      h(
        'li',
        {
          class: place < at ? 'past' : place === at ? 'present' : 'future',
          'aria-current': place === at ? 'step' : null,
        },
        step,
      ),
    ),
  )
}

/** @param {StudySummary} study @returns {Child} */
function rounds({ name, state, phase, roundKind, round, rounds: total, secondsLeft }) {
  if (state === 'proposed') return h('p', { class: 'soft' }, `${countText(total, 'round')} in all`)
  const left = secondsLeft === null ? '' : `, about ${duration(secondsLeft)} left`
  const doing =
    state === 'running' || state === 'waiting'
      ? ` · ${['statistics', 'table'].includes(roundKind) ? roundKind : 'training'}`
      : ''
  const text = `${round} of ${countText(total, 'round')}${left}`
  return [
    bar({ role: 'progressbar', label: `Rounds of ${cut(name, 80)}`, value: round, max: total, text }),
    h(
      'p',
      { class: 'under' },
      h('strong', {}, text),
      doing,
      phase !== null && phase !== roundKind && [': ', sentence(phase)],
    ),
  ]
}

/** @param {State} state @param {() => void} retry @returns {Child} */
export function privacySection(state, retry) {
  const studies = (state.studies.value?.studies ?? []).filter(({ state: now }) => now !== 'left' && now !== 'proposed')
  return [
    h('ul', { class: 'cards', key: 'studies' }, studies.slice(0, FIRST).map(studyPrivacy)),
    sectionBody(state.privacy, ({ accounts, note }) => accountList(accounts, note), retry),
  ]
}

/** @param {StudySummary} study @returns {Child} */
function studyPrivacy({ id, name, privacy, rounds: total }) {
  if (privacy === null) {
    return h(
      'li',
      { class: 'card', key: id },
      h('h3', {}, outside(name)),
      h('p', {}, 'This study promises no privacy.'),
    )
  }
  const { epsilons, cap, delta, unit, runsOutAtRound, severalHospitals } = privacy
  const spent = epsilons[0]?.epsilon ?? null
  const text = `epsilon ${spentText(spent)} of ${spentText(cap)} is spent`
  const ends =
    runsOutAtRound === null
      ? `It is enough for all ${countText(total, 'round')}.`
      : `It runs out before round ${runsOutAtRound}: then this hospital's part ends.`
  return h(
    'li',
    { class: 'card', key: id },
    h('h3', {}, outside(name)),
    meter(`Privacy spent in ${cut(name, 80)}`, spent, cap, text),
    h('p', { class: 'under' }, h('strong', {}, text), `. ${ends}`),
    h(
      'ul',
      {},
      epsilons.map(({ observer, text: words }) => h('li', { key: observer }, sentence(words))),
    ),
    h('p', {}, 'Of ', sentence(unit), `, at delta ${delta.toExponential()}.`),
    severalHospitals !== null && h('p', {}, sentence(capital(severalHospitals)), '.'),
  )
}

/** @param {string} label @param {number | null} spent @param {number} cap @param {string} text @returns {Tree} */
function meter(label, spent, cap, text) {
  const part = (spent ?? Number.POSITIVE_INFINITY) / cap
  const look = part >= 1 ? 'bad' : part > 0.8 ? 'open' : ''
  return bar({ role: 'meter', label, value: spent ?? cap, max: cap, text, look })
}

/** @param {readonly AccountSpending[]} accounts @param {string} note @returns {Child} */
function accountList(accounts, note) {
  if (accounts.length === 0) return empty('Nothing was spent yet: no study with promised privacy has run here.')
  return [
    h('h3', {}, 'What all studies together have spent'),
    accounts.slice(0, 20).map(({ account, population, delta, epsilon, cap, epsilonsOfPatient, studies }) => {
      const whose = population === null ? 'the hospital' : ['the population ', outside(population)]
      const text = `epsilon ${spentText(epsilon)}${cap === null ? '' : ` of ${spentText(cap)}`}`
      return h(
        'div',
        { key: `account ${account}` },
        h(
          'p',
          {},
          h('strong', {}, text),
          ' on the account of ',
          whose,
          `, at delta ${delta.toExponential()}, in ${countText(studies.length, 'study', 'studies')}.`,
        ),
        cap !== null && meter('Privacy spent on the account', epsilon, cap, text),
        epsilonsOfPatient !== null &&
          epsilonsOfPatient.length > 0 &&
          table(
            'Epsilon by the number of hospitals that know a patient',
            [{ title: 'A patient known to' }, { title: 'Epsilon', number: true }],
            epsilonsOfPatient.slice(0, 8).map(({ hospitals, colluding }) => ({
              key: String(hospitals),
              cells: [countText(hospitals, 'hospital'), spentText(colluding)],
            })),
          ),
      )
    }),
    h('p', { class: 'soft' }, sentence(note)),
  ]
}
