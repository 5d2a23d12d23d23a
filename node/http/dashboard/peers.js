// @ts-check
/** The other hospitals: how each is reached and how it took part; contacts and open invitations. @module */

import { requestOf } from './api.js'
import { h } from './elements.js'
import { countText, cut, instant, outside, sentence, shortId, since } from './format.js'
import { button, empty, mark, paged, sectionBody, table } from './parts.js'
import { askInvitation } from './questions.js'
import { howToAct, wordsTree } from './waiting.js'

/** @import { Child, Tree } from './elements.js' */
/** @import { State, PageStore } from './store.js' */
/** @import { Questions } from './questions.js' */
/** @import { ContactsAnswer, PeersAnswer } from '../api/contacts.ts' */
/** @typedef {PeersAnswer['peers'][number]} Peer */

const FIRST = 16
const PEERS_MAX = 256
const RANKS = { absent: 0, connected: 1, self: 2 }
const STRIPS_MAX = 2
const STRIP_ROUNDS = 60
/** of a mark of a strip, in the strip's own units */
const WIDTH = 4
const HEIGHT = 18

/** @param {State} state @param {{ store: PageStore, redraw(): void }} to @returns {Child} */
export function peersSection(state, { store, redraw }) {
  return sectionBody(
    state.peers,
    ({ peers: unordered }) => {
      // who is absent is never behind "Show more"
      const peers = unordered.toSorted((a, b) => RANKS[a.state] - RANKS[b.state])
      if (peers.length === 0) return empty('No other hospital yet. Invite one below.')
      const { shown, more } = paged('hospitals', peers.length, { first: FIRST, most: PEERS_MAX, redraw })
      const names = new Map((state.studies.value?.studies ?? []).map(({ id, name }) => [id, name]))
      const absent = peers.filter(peer => peer.state === 'absent').length
      const columns = [
        { title: 'Hospital' },
        { title: 'State' },
        { title: 'How it is reached' },
        { title: 'The last 60 rounds' },
      ]
      return [
        h('p', {}, `${countText(peers.length, 'hospital')}, ${absent === 0 ? 'none absent' : `${absent} absent`}.`),
        table(
          'Hospitals',
          columns,
          peers.slice(0, shown).map(peer => ({ key: peer.peer, cells: peerCells(peer, names) })),
        ),
        more,
        h(
          'p',
          { class: 'soft legend' },
          stripOf(['contributed']),
          ' took part ',
          stripOf(['absent']),
          ' absent ',
          stripOf(['void']),
          ' the round had no result',
        ),
      ]
    },
    () => store.wantAll(),
  )
}

/** @param {Peer} peer @param {ReadonlyMap<string, string>} names of the studies @returns {Child[]} */
function peerCells(peer, names) {
  const { site, state, reason, reached, failedDial, strips } = peer
  const look = /** @type {const} */ ({ connected: 'good', absent: 'bad', self: 'soft' })[state]
  const text = { connected: 'connected', absent: 'absent', self: 'this node' }[state]
  return [
    [outside(site), ' ', shortId(peer.peer)],
    [mark(text, look), reason !== null && state === 'absent' && h('div', { class: 'soft' }, sentence(reason))],
    [
      reached === null ? (state === 'self' ? '' : 'not now') : sentence(reached.text),
      failedDial !== null &&
        h('div', { class: 'soft' }, 'Last try: ', sentence(failedDial.text), ' ', since(failedDial.since)),
    ],
    strips.length === 0
      ? 'none yet'
      : strips
          .slice(0, STRIPS_MAX)
          .map(strip => h('div', { key: strip.study }, stripTree(strip, names.get(strip.study), strips.length > 1))),
  ]
}

/** @param {Peer['strips'][number]} strip @param {string | undefined} name @param {boolean} named @returns {Child} */
function stripTree({ firstRound, marks }, name, named) {
  const took = marks.filter(one => one === 'contributed').length
  const missed = marks.lastIndexOf('absent')
  const last = missed < 0 ? '' : `, last absent in round ${firstRound + missed}`
  const text = `took part in ${took} of ${countText(marks.length, 'round')}${last}`
  return [named && h('div', { class: 'soft' }, outside(name ?? 'a study', 40)), stripOf(marks, text)]
}

/**
 * A column for each round: high when it took part, low when absent, a dot where the round had no result.
 *
 * @param {readonly string[]} marks
 * @param {string} [text] for screen readers; without it they pass it over
 * @returns {Tree}
 */
function stripOf(marks, text) {
  const shown = marks.slice(-STRIP_ROUNDS)
  const path = (/** @type {string} */ kind, /** @type {(x: number) => string} */ draw) =>
    h('path', { class: kind, d: shown.map((one, at) => (one === kind ? draw(at * WIDTH) : '')).join('') })
  const box = (/** @type {number} */ x, /** @type {number} */ top, /** @type {number} */ height) =>
    `M${x} ${top}h${WIDTH - 1}v${height}h${1 - WIDTH}z`
  const width = text === undefined ? WIDTH : STRIP_ROUNDS * WIDTH
  return h(
    'svg',
    {
      ...{ class: 'strip', viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT },
      ...(text === undefined ? { 'aria-hidden': 'true' } : { role: 'img', 'aria-label': text }),
    },
    path('contributed', x => box(x, 0, HEIGHT)),
    path('absent', x => box(x, HEIGHT - 5, 5)),
    path('void', x => box(x, HEIGHT / 2 - 1, 3)),
  )
}

/** @param {State} state @param {{ store: PageStore, questions: Questions, redraw(): void }} to @returns {Child} */
export function contactsSection(state, { store, questions, redraw }) {
  const mayAct = state.session.value?.mayAct === true
  return sectionBody(
    state.contacts,
    ({ contacts, invitations }) => {
      const { shown, more } = paged('contacts', contacts.length, { first: FIRST, most: PEERS_MAX, redraw })
      const columns = [{ title: 'Contact' }, { title: 'Check words' }, { title: 'Approved' }]
      const rows = contacts.slice(0, shown).map(({ peer, site, checkWords: words, approved, connected, mutual }) => ({
        key: peer,
        cells: [
          [
            outside(site),
            ' ',
            mark(connected ? 'connected' : 'absent', connected ? 'good' : 'soft'),
            !mutual && ' It has not approved this hospital yet.',
          ],
          wordsTree(words),
          instant(approved),
        ],
      }))
      return [
        contacts.length === 0
          ? empty('No contacts yet. Studies are made with contacts.')
          : table('Contacts', columns, rows),
        more,
        invitationList(invitations, mayAct ? questions : null),
        mayAct
          ? h(
              'div',
              { class: 'buttons', key: 'invite' },
              button('Invite a hospital…', () => askInvitation(questions), { look: 'main' }),
            )
          : howToAct(),
      ]
    },
    () => store.wantAll(),
  )
}

/** @param {ContactsAnswer['invitations']} invitations @param {Questions | null} questions @returns {Child} */
function invitationList(invitations, questions) {
  if (invitations.length === 0) return null
  const columns = [
    { title: 'Open invitation' },
    { title: 'Until' },
    ...(questions === null ? [] : [{ title: 'Withdraw' }]),
  ]
  const rows = invitations.slice(0, 30).map(({ id, expires, note }) => ({
    key: id,
    cells: [
      note === null ? ['number ', shortId(id)] : ['for ', outside(note)],
      instant(expires),
      questions !== null &&
        button('Withdraw…', () => questions.open(withdrawQuestion(id, note)), {
          label: `Withdraw the invitation for ${cut(note ?? id, 80)}`,
        }),
    ],
  }))
  return table('Open invitations', columns, rows)
}

/** @param {string} id @param {string | null} note */
function withdrawQuestion(id, note) {
  return {
    title: 'Withdraw this invitation?',
    body: h('p', {}, 'Nobody can join with it any more', note === null ? '.' : [': it was for ', outside(note), '.']),
    ...{ confirm: 'Withdraw', danger: true, focus: 'contacts-title' },
    act: () =>
      requestOf(`/v1/invitations/${id}`, { method: 'DELETE' }).then(({ text }) => /** @type {string} */ (text)),
  }
}
