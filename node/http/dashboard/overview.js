// @ts-check
/** Is it well? And what should a person see to. @module */

import { h } from './elements.js'
import { ago, bytesText, capital, command, countText, instant, outside, sentence, shortId, since } from './format.js'
import { button, empty, sectionBody } from './parts.js'
import { askLogLevel } from './questions.js'
import { waitingOf, wordsTree } from './waiting.js'

/** @import { Child } from './elements.js' */
/** @import { Questions } from './questions.js' */
/** @import { State } from './store.js' */
/** @import { NodeAnswer } from '../api/node.ts' */

const PROBLEMS_SHOWN = 30

/** @param {State} state @param {{ retry(): void, questions: Questions }} to @returns {Child} */
export function nowSection(state, { retry, questions }) {
  return sectionBody(
    state.node,
    node => [
      h(
        'p',
        { class: `state ${node.well ? 'good' : 'bad'}` },
        h('span', { class: 'sign', 'aria-hidden': 'true' }, node.well ? '✓' : '!'),
        ' ',
        sentence(node.state),
      ),
      node.waiting !== null && h('p', {}, sentence(capital(node.waiting.text)), ' ', since(node.waiting.since)),
      toDo(state, node),
      facts(node, state.session.value?.mayAct === true ? questions : null),
    ],
    retry,
  )
}

/** Where to go on. @param {State} state @param {NodeAnswer} node @returns {Child} */
function toDo(state, node) {
  const { count } = waitingOf(state)
  return [
    node.problems.length > 0 &&
      h('p', {}, h('a', { href: '#problems' }, countText(node.problems.length, 'problem')), ' with a remedy below.'),
    count > 0 &&
      h(
        'p',
        {},
        h('a', { href: '#waiting' }, countText(count, 'question')),
        count === 1 ? ' waits' : ' wait',
        ' for your answer.',
      ),
  ]
}

/** @param {NodeAnswer} node @param {Questions | null} questions null: this browser only reads @returns {Child} */
function facts(node, questions) {
  const clock = node.clockDifferenceMs
  const rows = /** @type {[string, Child][]} */ ([
    ['Your check words', wordsTree(node.checkWords)],
    ['Id', h('code', {}, node.peer)],
    [
      'Reached at',
      node.addresses.length === 0
        ? 'no address yet'
        : node.addresses.slice(0, 8).map(address => h('div', {}, h('code', {}, address))),
    ],
    ['Version', `${node.version}, ${node.engine === null ? 'no engine loaded' : `engine ${node.engine}`}`],
    ['Started', [instant(node.started), ` (${ago(node.started)} ago)`]],
    ['Memory', bytesText(node.memoryBytes)],
    ['Slowest answers', `${node.eventLoopLagP99Ms.toFixed(0)} ms (99th percentile of the event loop's lag)`],
    [
      'Clock',
      clock === null
        ? 'not compared yet'
        : `${Math.abs(clock / 1000).toFixed(1)} s ${clock < 0 ? 'behind' : 'ahead of'} the other hospitals`,
    ],
    [
      'Log level',
      [
        node.logLevel,
        questions !== null && [
          ' ',
          button('Change…', () => askLogLevel(questions, node.logLevel), { label: 'Change the log level' }),
        ],
      ],
    ],
  ])
  return h(
    'details',
    { key: 'facts' },
    h('summary', {}, 'About this node'),
    h(
      'dl',
      {},
      rows.map(([title, value]) => h('div', { key: title }, h('dt', {}, title), h('dd', {}, value))),
    ),
  )
}

/** @param {State} state @param {() => void} retry @returns {Child} */
export function problemsSection(state, retry) {
  return sectionBody(
    state.node,
    ({ problems }) =>
      problems.length === 0
        ? empty('None.')
        : h(
            'ul',
            { class: 'cards' },
            problems
              .slice(0, PROBLEMS_SHOWN)
              .map(({ code, message, hint, since: at }, place) =>
                h(
                  'li',
                  { class: 'card problem', key: `${code} ${place}` },
                  h('p', {}, h('strong', {}, sentence(message)), ' ', at !== null && since(at)),
                  hint !== null && h('p', {}, 'Remedy: ', sentence(hint)),
                ),
              ),
          ),
    retry,
  )
}

/** The line above the page. @param {State} state @param {() => void} retry @returns {Child} */
export function bannerOf({ connection, node, studies }, retry) {
  if (node.problem?.code === 'unauthorised' || studies.problem?.code === 'unauthorised') {
    return [
      'This page needs a login. Run ',
      command('confrere dashboard'),
      " on the node's machine and open the link that it prints.",
    ]
  }
  if (connection.kind === 'full') {
    return 'Too many pages follow this node. This one asks every 10 seconds instead: close pages that you do not need.'
  }
  if (connection.kind !== 'broken') return null
  return [
    'The node does not answer since ',
    instant(connection.since),
    '. What you see is from before. The page tries again by itself. ',
    h('button', { type: 'button', on: { click: retry } }, 'Try now'),
  ]
}

/** The node's name above the page. @param {State} state @returns {Child} */
export function titleOf({ node: { value } }) {
  return value === undefined ? 'Confrère' : [outside(value.site)]
}

/** @param {State} state @returns {Child} */
export function underTitle({ node: { value } }) {
  return value === undefined ? 'A node of Confrère' : ['A node of Confrère, ', shortId(value.peer)]
}
