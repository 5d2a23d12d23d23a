// @ts-check
/** The question before each action. It is a modal dialog of the browser: Escape and "Cancel" leave all as it was. @module */

import { NodeRefusal, requestOf } from './api.js'
import { byId, h, patch } from './elements.js'
import { instant } from './format.js'

/** @import { Child } from './elements.js' */
/** @import { InvitationAnswer } from '../api/contacts.ts' */
/** @import { NodeAnswer } from '../api/node.ts' */

/**
 * @typedef {{
 *   title: string, body: Child, confirm: string, danger?: boolean, focus: string,
 *   act(): Promise<string | null>,
 * }} Question `act` says what was done, or null where the dialog goes on with something else; `focus` is the id of the
 * heading that has the focus when the button that was pressed is gone
 */

/** Opens and closes questions, one at a time. */
export class Questions {
  #dialog = /** @type {HTMLDialogElement} */ (byId('question'))
  /** @type {(text: string) => void} */ #done
  /** @type {Element | null} */ #opener = null
  #focus = 'now-title'
  /** @type {Question | null} */ #current = null

  /** @param {(text: string) => void} done told what was done */
  constructor(done) {
    this.#done = done
    this.#dialog.addEventListener('close', () => this.#closed())
  }

  /** @param {Question} question */
  open(question) {
    this.#current = question
    this.#opener = document.activeElement
    this.#focus = question.focus
    this.#show(question, {})
    this.#dialog.showModal()
    const cancel = /** @type {HTMLElement | null} */ (this.#dialog.querySelector('button.cancel'))
    cancel?.focus()
  }

  close() {
    this.#dialog.close()
  }

  /** Replaces what an open question shows. @param {...Child} children @returns {boolean} false: it was left meanwhile */
  fill(...children) {
    if (this.#current === null) return false
    patch(this.#dialog, h('form', { method: 'dialog', key: 'answer' }, ...children))
    return true
  }

  /** @param {Question} question @param {{ busy?: boolean, problem?: NodeRefusal }} now */
  #show(question, { busy = false, problem }) {
    const { title, body, confirm, danger = false, act } = question
    const go = async (/** @type {Event} */ event) => {
      event.preventDefault()
      if (busy) return
      this.#show(question, { busy: true })
      try {
        const text = await act()
        if (text === null) return
        // it may have been left by Escape meanwhile
        if (this.#current === question) this.close()
        this.#done(text)
      } catch (error) {
        const told =
          error instanceof NodeRefusal ? error : new NodeRefusal({ detail: String(error), code: 'bug', hint: null })
        if (this.#current === question) this.#show(question, { problem: told })
        else this.#done(`That did not work: ${told.message}`)
      }
    }
    patch(
      this.#dialog,
      h(
        'form',
        { method: 'dialog', key: title, on: { submit: go } },
        h('h2', { id: 'question-title' }, title),
        h('div', { id: 'question-body' }, body),
        h(
          'div',
          { role: 'alert' },
          problem !== undefined && h('p', { class: 'failed' }, `That did not work: ${problem.message}`),
          problem !== undefined && problem.hint !== null && h('p', { class: 'soft' }, problem.hint),
        ),
        h(
          'div',
          { class: 'buttons' },
          h('button', { type: 'button', class: 'cancel', on: { click: () => this.close() } }, 'Cancel'),
          // it stays where it is and keeps the focus while it works
          h(
            'button',
            { type: 'submit', class: danger ? 'danger' : 'main', 'aria-disabled': busy },
            busy ? 'Working…' : confirm,
          ),
        ),
      ),
    )
  }

  #closed() {
    this.#current = null
    patch(this.#dialog)
    // the row of the button may be gone when the node has answered: see `keepFocus`
    const opener = this.#opener
    if (opener instanceof HTMLElement && opener.isConnected) opener.focus()
    else byId(this.#focus).focus()
  }
}

/** From much to nothing, with what each is for. @type {readonly (readonly [NodeAnswer['logLevel'], string])[]} */
const LOG_LEVELS = [
  ['trace', 'trace: every step'],
  ['debug', 'debug: to look for a fault'],
  ['info', 'info: a line for each round'],
  ['warn', 'warn: only what may need you'],
  ['error', 'error: only what has failed'],
  ['fatal', 'fatal: only what ends the node'],
  ['silent', 'silent: nothing'],
]

/** Asks for another log level. @param {Questions} questions @param {NodeAnswer['logLevel']} now */
export function askLogLevel(questions, now) {
  questions.open({
    title: 'Change the log level',
    focus: 'now-title',
    confirm: 'Change it',
    body: [
      h('label', { for: 'log-level' }, 'How much this node writes to its log, until it starts again'),
      h(
        'select',
        { id: 'log-level', value: now },
        LOG_LEVELS.map(([value, text]) => h('option', { value, key: value }, text)),
      ),
      h(
        'p',
        { class: 'soft' },
        'The level of every start is log.level in config.toml. No level logs records or patients.',
      ),
    ],
    act: async () => {
      const { value } = /** @type {HTMLSelectElement} */ (byId('log-level'))
      const { level } = await requestOf('/v1/log-level', { method: 'POST', body: { level: value } })
      return `The log level is ${level} now.`
    },
  })
}

/** Asks for how long and for whom, then shows the invitation: once, as no later answer has it. @param {Questions} questions */
export function askInvitation(questions) {
  questions.open({
    title: 'Invite another hospital',
    focus: 'contacts-title',
    confirm: 'Make an invitation',
    body: [
      h('p', {}, 'This makes a text for the other hospital, which joins with it. Then each side approves the other.'),
      h('label', { for: 'hours' }, 'It can be used for'),
      h(
        'select',
        { id: 'hours', value: '72' },
        ...[
          ['24', 'a day'],
          ['72', 'three days'],
          ['168', 'a week'],
          ['720', '30 days'],
        ].map(([value, text]) => h('option', { value }, text)),
      ),
      h('label', { for: 'note' }, 'Whom it is for (for your own list)'),
      h('input', { id: 'note', type: 'text', maxlength: 80, autocomplete: 'off' }),
    ],
    act: async () => {
      const hours = Number(/** @type {HTMLSelectElement} */ (byId('hours')).value)
      const note = /** @type {HTMLInputElement} */ (byId('note')).value.trim()
      const answer = await requestOf('/v1/invitations', { method: 'POST', body: { hours, note: note || null } })
      return showInvitation(questions, answer) ? null : 'An invitation was made and not shown: withdraw it.'
    },
  })
}

/** @param {Questions} questions @param {InvitationAnswer} answer @returns {boolean} whether it is shown */
function showInvitation(questions, { invitation, expires }) {
  const copy = async () => {
    const field = /** @type {HTMLTextAreaElement} */ (byId('invitation'))
    field.select()
    const done = await navigator.clipboard?.writeText(invitation).then(
      () => true,
      () => false,
    )
    patch(
      byId('copied'),
      done ? 'It is copied.' : 'The browser does not let the page copy: press Ctrl+C, the text is selected.',
    )
  }
  const shown = questions.fill(
    h('h2', { id: 'question-title' }, 'The invitation'),
    h(
      'p',
      {},
      'Send it over a way that only the other hospital reads. It is shown this once, and can be used until ',
      instant(expires),
      '.',
    ),
    h('label', { for: 'invitation' }, 'There: confrere join, and this text'),
    h('textarea', { id: 'invitation', readonly: true, rows: 5, spellcheck: 'false' }, invitation),
    h('p', { id: 'copied', role: 'status' }),
    h(
      'div',
      { class: 'buttons' },
      h('button', { type: 'button', on: { click: () => questions.close() } }, 'Close'),
      h('button', { type: 'button', class: 'main', id: 'copy', on: { click: () => void copy() } }, 'Copy'),
    ),
  )
  if (shown) byId('copy').focus()
  return shown
}
