// @ts-check
/** The page: draws each section again when what it shows has changed, at most once a frame. @module */

import { curvesSection } from './curves.js'
import { byId, h, patch } from './elements.js'
import { cut } from './format.js'
import { bannerOf, nowSection, problemsSection, titleOf, underTitle } from './overview.js'
import { contactsSection, peersSection } from './peers.js'
import { Questions } from './questions.js'
import { datasetsSection, evidenceSection, roundsSection, studyChoice } from './rounds.js'
import { PageStore } from './store.js'
import { privacySection, studiesSection } from './studies.js'
import { waitingOf, waitingSection } from './waiting.js'

/** @import { Child } from './elements.js' */

/** A screen reader is told at most so often what happened. */
const SPOKEN_MS = 4000

let drawn = false
const redraw = () => {
  if (drawn) return
  drawn = true
  requestAnimationFrame(draw)
}
const store = new PageStore({ changed: redraw, heard: event => speak(event.type === 'round' ? null : event.text) })
const questions = new Questions(text => {
  store.notify(text)
  speak(text)
  store.wantAll()
})
const retry = () => store.retry()
const to = { store, questions, redraw }

/** Each section's body by the id of its element. @type {Readonly<Record<string, () => Child>>} */
const SECTIONS = {
  'now-body': () => nowSection(store.state, { retry, questions }),
  'studies-body': () => studiesSection(store.state, to),
  'curves-body': () => [studyChoice(store.state, store), curvesSection(store.state, store)],
  'privacy-body': () => privacySection(store.state, retry),
  'peers-body': () => peersSection(store.state, to),
  'waiting-body': () => waitingSection(store.state, questions),
  'contacts-body': () => contactsSection(store.state, to),
  'rounds-body': () => roundsSection(store.state, to),
  'evidence-body': () => evidenceSection(store.state, retry),
  'datasets-body': () => datasetsSection(store.state, retry),
  'problems-body': () => problemsSection(store.state, retry),
  title: () => titleOf(store.state),
  'under-title': () => underTitle(store.state),
  banner: () => bannerOf(store.state, retry),
}

function draw() {
  drawn = false
  const focused = document.activeElement
  const home = focused?.closest('section')?.querySelector('h2')
  for (const [id, body] of Object.entries(SECTIONS)) patch(byId(id), shownOr(body))
  byId('banner').hidden = byId('banner').childNodes.length === 0
  const { count } = waitingOf(store.state)
  const site = store.state.node.value?.site
  const title = `${count > 0 ? `(${count}) ` : ''}${site === undefined ? '' : `${cut(site, 60)}, `}Confrère`
  if (document.title !== title) document.title = title
  // whose row is gone goes on from its section, not from the top of the page
  if (focused !== null && !focused.isConnected) home?.focus()
}

/** A section that fails takes no other one along. @param {() => Child} body @returns {Child} */
function shownOr(body) {
  try {
    return body()
  } catch (error) {
    return h('p', { class: 'failed' }, `This cannot be shown, which is a fault of the page: ${cut(String(error), 300)}`)
  }
}

/** @type {string[]} */
const unspoken = []
let speaking = false

/** Tells screen readers, several things at once. @param {string | null} text */
function speak(text) {
  if (text === null) return
  unspoken.push(cut(text, 200))
  if (speaking) return
  speaking = true
  setTimeout(() => {
    speaking = false
    patch(byId('live'), unspoken.splice(0).slice(-3).join('. '))
  }, SPOKEN_MS)
}

redraw()
void store.start()
