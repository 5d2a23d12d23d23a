// @ts-check
/** What waits for a person: hospitals that want to be contacts, proposed studies, changes of a roster. @module */

import { requestOf } from './api.js'
import { byId, h } from './elements.js'
import { command, countText, cut, instant, outside, sentence, shortId, since } from './format.js'
import { button, empty, mark } from './parts.js'

/** @import { Child, Tree } from './elements.js' */
/** @import { State } from './store.js' */
/** @import { Questions } from './questions.js' */
/** @import { ContactsAnswer } from '../api/contacts.ts' */
/** @import { RosterAnswer, StudyDetail } from '../api/studies.ts' */
/** @typedef {ContactsAnswer['pending'][number]} PendingContact */
/** @typedef {RosterAnswer['pending'][number]} RosterChange */

const FOCUS = 'waiting-title'
const SHOWN_MAX = 30

/** What this hospital can still answer. @param {State} state */
export function waitingOf(state) {
  const contacts = state.contacts.value?.pending ?? []
  const studies = [...state.details.values()].flatMap(({ value }) => (value?.approval.open ? [value] : []))
  const changes = [...state.rosters.values()].flatMap(({ value }) =>
    (value?.pending ?? [])
      .filter(({ approvedHere }) => !approvedHere)
      .map(change => ({ study: value?.study ?? '', change })),
  )
  const approved = [...state.rosters.values()].flatMap(({ value }) =>
    (value?.pending ?? []).filter(({ approvedHere }) => approvedHere),
  )
  return { contacts, studies, changes, approved, count: contacts.length + studies.length + changes.length }
}

/** @param {State} state @param {Questions} questions @returns {Child} */
export function waitingSection(state, questions) {
  const { contacts, studies, changes, approved, count } = waitingOf(state)
  const loading = state.contacts.value === undefined && state.contacts.problem === undefined
  const mayAct = state.session.value?.mayAct === true
  return [
    state.notice !== null && h('p', { class: 'done', key: 'done' }, sentence(state.notice)),
    count > 0 && !mayAct && howToAct(),
    loading && h('p', { class: 'soft loading', key: 'loading' }, 'Loading…'),
    !loading &&
      count === 0 &&
      empty('Nothing. Hospitals that join, proposed studies and changes of a roster appear here.'),
    contacts.length > 0 &&
      state.node.value !== undefined &&
      h('p', { key: 'own' }, 'Your own check words, to read out to them: ', wordsTree(state.node.value.checkWords)),
    h(
      'ul',
      { class: 'cards', key: 'list' },
      contacts.slice(0, SHOWN_MAX).map(contact => contactCard(contact, mayAct ? questions : null)),
      studies.slice(0, SHOWN_MAX).map(study => studyCard(study, mayAct ? questions : null)),
      changes
        .slice(0, SHOWN_MAX)
        .map(({ study, change }) =>
          changeCard(change, { study, name: nameOf(state, study), questions: mayAct ? questions : null }),
        ),
    ),
    approved
      .slice(0, SHOWN_MAX)
      .map(({ change, text, approvedBy, needed }) =>
        h(
          'p',
          { class: 'soft', key: `approved ${change}` },
          'You approved, and others have to: ',
          sentence(text),
          ...[' (', approvals({ approvedBy, needed }), ')'],
        ),
      ),
    count > SHOWN_MAX && h('p', { class: 'soft' }, 'At most 30 of a kind are shown.'),
  ]
}

/** Where there are no buttons. */
export function howToAct() {
  return h(
    'p',
    { class: 'soft', key: 'how' },
    'This browser only reads. To answer here, run ',
    command('confrere dashboard'),
    " on the node's machine and open the link that it prints.",
  )
}

/** @param {State} state @param {string} study */
function nameOf(state, study) {
  return state.studies.value?.studies.find(({ id }) => id === study)?.name ?? study.slice(0, 12)
}

/** @param {string} path @returns {Promise<string>} */
async function act(path) {
  const { text } = await requestOf(path, { method: 'POST' })
  return text
}

/** @param {readonly string[]} words @returns {Tree} */
export function wordsTree(words) {
  return h('span', { class: 'words', translate: 'no' }, words.join(' '))
}

/** @param {PendingContact} contact @param {Questions | null} questions @returns {Tree} */
function contactCard(contact, questions) {
  const { peer, site, introducedBy, direction, since: at } = contact
  const how = {
    came: ['It came with an invitation of yours.'],
    went: ['You went to it with its invitation.'],
    introduced: ['It was introduced by ', introducedBy === null ? 'a contact' : outside(introducedBy.site), '.'],
  }[direction]
  return h(
    'li',
    { class: 'card', key: `contact ${peer}` },
    h('h3', {}, mark('Hospital', 'open'), ' ', outside(site)),
    h('p', {}, ...how, ' ', since(at)),
    h('p', {}, 'Its check words: ', wordsTree(contact.checkWords)),
    h('p', { class: 'soft' }, 'It chose this name itself. Its id is ', shortId(peer), '.'),
    questions !== null &&
      h(
        'div',
        { class: 'buttons' },
        button('Approve…', () => questions.open(contactQuestion(contact, true)), {
          ...{ look: 'main', label: `Approve the hospital ${cut(site, 80)}` },
        }),
        button('Refuse…', () => questions.open(contactQuestion(contact, false)), {
          label: `Refuse the hospital ${cut(site, 80)}`,
        }),
      ),
  )
}

/** @param {PendingContact} contact @param {boolean} approves */
function contactQuestion({ peer, site, checkWords: words }, approves) {
  const body = approves
    ? [
        h(
          'p',
          {},
          'Approve ',
          outside(site),
          ' only when a person there, whom you know, has read out these six words:',
        ),
        h('p', {}, wordsTree(words)),
        h('p', { class: 'soft' }, 'Other words mean that another machine stands between you.'),
      ]
    : [h('p', {}, outside(site), ' will not become a contact. It can come again with a new invitation.')]
  return {
    title: approves ? 'Approve this hospital?' : 'Refuse this hospital?',
    ...{ body, focus: FOCUS, danger: !approves },
    confirm: approves ? 'The words are the same: approve' : 'Refuse',
    act: () => act(`/v1/contacts/${peer}/${approves ? 'approve' : 'refuse'}`),
  }
}

/** @param {StudyDetail} study @param {Questions | null} questions @returns {Tree} */
function studyCard(study, questions) {
  const { id, name, description, approval } = study
  const approved = approval.hospitals.filter(({ answer }) => answer === 'approved').length
  const select = `dataset-${id}`
  return h(
    'li',
    { class: 'card', key: `study ${id}` },
    h('h3', {}, mark('Study', 'open'), ' ', outside(name)),
    h(
      'p',
      {},
      approval.proposedBy === null
        ? 'It was put here by hand. '
        : ['Proposed by ', outside(approval.proposedBy.site), '. '],
      `${approved} of ${countText(approval.needed, 'needed hospital')} approved it.`,
    ),
    h(
      'details',
      { key: 'words' },
      h('summary', {}, 'What it does, in plain words'),
      description.map(({ title, text }) => [
        h('h4', {}, sentence(title)),
        text.map(part => h('p', {}, sentence(part))),
      ]),
    ),
    h('ul', { class: 'answers' }, approval.hospitals.slice(0, 64).map(hospitalAnswer)),
    questions !== null && datasetChoice(study, select),
    questions !== null &&
      h(
        'div',
        { class: 'buttons' },
        button('Approve…', () => questions.open(studyQuestion(study, chosenDataset(select))), {
          ...{ look: 'main', label: `Approve the study ${cut(name, 80)}` },
          disabled: !approval.datasets.some(({ fits }) => fits !== false),
        }),
        button('Refuse…', () => questions.open(studyQuestion(study, null)), {
          label: `Refuse the study ${cut(name, 80)}`,
        }),
      ),
  )
}

/** @param {StudyDetail['approval']['hospitals'][number]} hospital @returns {Tree} */
function hospitalAnswer({ peer, site, answer, at }) {
  const look = /** @type {const} */ ({ approved: 'good', refused: 'bad', none: 'soft' })[answer]
  const text = { approved: 'approved', refused: 'refused', none: 'no answer yet' }[answer]
  return h('li', { key: peer }, outside(site), ' ', mark(text, look), ' ', at !== null && instant(at))
}

/** @param {StudyDetail} study @param {string} select its id @returns {Child} */
function datasetChoice({ approval: { datasets } }, select) {
  const fitting = datasets.filter(({ fits }) => fits !== false)
  const others = datasets.filter(({ fits }) => fits === false)
  return [
    fitting.length === 0
      ? h('p', {}, 'None of your data sets fits: ', command('confrere data add'), ' adds one.')
      : h(
          'p',
          {},
          h('label', { for: select }, 'Your data set for it: '),
          h(
            'select',
            { id: select },
            fitting.map(({ name }) => h('option', { value: name, key: name }, cut(name, 60))),
          ),
        ),
    datasets.some(({ fits }) => fits === null) &&
      h('p', { class: 'soft' }, 'Whether its records fit is found out when the study starts, and said here.'),
    others.map(({ name, reason }) =>
      h('p', { class: 'soft' }, outside(name), ' does not fit', reason === null ? '.' : [': ', sentence(reason)]),
    ),
  ]
}

/** @param {string} select its id @returns {string} */
function chosenDataset(select) {
  return /** @type {HTMLSelectElement} */ (byId(select)).value
}

/** @param {StudyDetail} study @param {string | null} dataset null: refused */
function studyQuestion({ id, name, privacy }, dataset) {
  const body =
    dataset === null
      ? [h('p', {}, 'The other hospitals are told that you refuse ', outside(name), '.')]
      : [
          h(
            'p',
            {},
            'Your node takes part in ',
            outside(name),
            ' with the data set ',
            outside(dataset),
            ' as soon as enough hospitals have approved.',
          ),
          h(
            'p',
            {},
            'The records stay here. What training may cost their privacy is charged to your account and never comes back.',
          ),
          privacy !== null && h('p', {}, `At most epsilon ${privacy.cap} of `, sentence(privacy.unit), '.'),
        ]
  return {
    title: dataset === null ? 'Refuse this study?' : 'Take part in this study?',
    ...{ body, focus: FOCUS, danger: dataset === null },
    confirm: dataset === null ? 'Refuse' : 'Approve',
    act: () =>
      dataset === null
        ? act(`/v1/studies/${id}/refuse`)
        : requestOf(`/v1/studies/${id}/approve`, { method: 'POST', body: { dataset } }).then(({ text }) => text),
  }
}

/** How many hospitals approve a change, and which. @param {Pick<RosterChange, 'approvedBy' | 'needed'>} change @returns {Child} */
function approvals({ approvedBy, needed }) {
  return [
    `${approvedBy.length} of ${countText(needed, 'needed approval')}`,
    approvedBy.length > 0 && [': ', approvedBy.slice(0, 64).map(({ site }, at) => [at > 0 && ', ', outside(site)])],
  ]
}

/**
 * @param {RosterChange} change
 * @param {{ study: string, name: string, questions: Questions | null }} of
 * @returns {Tree}
 */
function changeCard(change, { study, name, questions }) {
  const { approvedBy, needed, text } = change
  const path = `/v1/studies/${study}/roster/changes/${change.change}`
  /** @param {boolean} approves */
  const question = approves => ({
    title: approves ? 'Approve this change?' : 'Refuse this change?',
    body: [
      h('p', {}, sentence(text)),
      h(
        'p',
        { class: 'soft' },
        'In the study ',
        outside(name),
        '. ',
        approves ? 'It takes effect when enough hospitals approved it.' : '',
      ),
    ],
    ...{ confirm: approves ? 'Approve' : 'Refuse', danger: !approves, focus: FOCUS },
    act: () => act(`${path}/${approves ? 'approve' : 'refuse'}`),
  })
  return h(
    'li',
    { class: 'card', key: `change ${change.change}` },
    h('h3', {}, mark('Roster', 'open'), ' ', outside(name)),
    h('p', {}, sentence(text)),
    h(
      'p',
      { class: 'soft' },
      approvals({ approvedBy, needed }),
      change.since === null ? '. It was not proposed to this hospital.' : [', ', since(change.since)],
    ),
    questions !== null &&
      h(
        'div',
        { class: 'buttons' },
        button('Approve…', () => questions.open(question(true)), {
          ...{ look: 'main', label: `Approve the change of ${cut(name, 80)}` },
        }),
        // without a proposal there is nothing to refuse: it is enough not to approve
        change.since !== null &&
          button('Refuse…', () => questions.open(question(false)), { label: `Refuse the change of ${cut(name, 80)}` }),
      ),
  )
}
