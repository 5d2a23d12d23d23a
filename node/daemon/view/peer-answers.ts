/** What the interface shows of other hospitals: members of the node's studies, and contacts. @module */

import type { ContactService } from '../../contacts/contact-service.ts'
import type { ContactView } from '../../contacts/contact-view.ts'
import type { ContactsAnswer, PeersAnswer } from '../../http/api/contacts.ts'
import { STRIP_ROUNDS_MAX } from '../../http/api/contacts.ts'
import type { PeerStatus } from '../../http/status.ts'
import type { NetworkHost } from '../../network/network.ts'
import type { RoundRecord } from '../../storage/round-record.ts'
import { wayText } from '../absence.ts'
import type { StudyEntry } from '../studies.ts'

type PeerRow = PeersAnswer['peers'][number]
type Mark = PeerRow['strips'][number]['marks'][number]

/** How a peer is reached, and its last dial that failed. */
export interface ReachFacts {
  reached(peer: string): PeerRow['reached']
  failedDial(peer: string): PeerRow['failedDial']
}

/** @param siteOf name of a hospital that relays; null where none is known */
export function reachFacts({ reach }: NetworkHost, siteOf: (peer: string) => string | null): ReachFacts {
  return {
    reached: peer => {
      const way = reach.way(peer)
      if (way === undefined) return null
      const text = wayText(way, siteOf)
      if (way.via === 'direct') return { how: 'direct', through: null, text }
      if (way.via === 'proxy') return { how: 'proxy', through: way.proxy, text }
      return { how: 'relay', through: siteOf(way.relay) ?? way.relay, text }
    },
    failedDial: peer => {
      const last = reach.failures(peer).at(-1)
      return last === undefined
        ? null
        : { text: `${last.address}: ${last.text}`, since: new Date(last.at).toISOString() }
    },
  }
}

export function peersAnswer(
  entries: readonly StudyEntry[],
  { contacts, reach }: { contacts: readonly ContactView[]; reach: ReachFacts },
): PeersAnswer {
  const rows = new Map<string, PeerRow>()
  const isContact = (peer: string): boolean => contacts.some(one => one.peer === peer && one.state === 'contact')
  for (const { approved, running, state } of entries) {
    if (running === null || state === 'left') continue
    const rounds = running.rounds().slice(-STRIP_ROUNDS_MAX)
    for (const status of running.status().peers) {
      const strip = { study: approved.study, firstRound: rounds[0]?.round ?? 0, marks: marksOf(status.peer, rounds) }
      const known = rows.get(status.peer)
      if (known === undefined) rows.set(status.peer, rowOf(status, { contact: isContact(status.peer), reach, strip }))
      else {
        known.strips.push(strip)
        // connected for one study is connected
        if (status.state === 'connected') Object.assign(known, { state: 'connected', reason: null })
      }
    }
  }
  return { peers: [...rows.values()] }
}

function rowOf(
  { peer, site, state, reason }: PeerStatus,
  { contact, reach, strip }: { contact: boolean; reach: ReachFacts; strip: PeerRow['strips'][number] },
): PeerRow {
  const isHere = state === 'connected'
  return {
    ...{ peer, site, state, reason, contact, strips: [strip] },
    reached: isHere ? reach.reached(peer) : null,
    failedDial: state === 'absent' ? reach.failedDial(peer) : null,
  }
}

function marksOf(peer: string, rounds: readonly RoundRecord[]): Mark[] {
  return rounds.map(({ outcome, contributors }) => {
    if (outcome === 'void') return 'void'
    return contributors.includes(peer) ? 'contributed' : 'absent'
  })
}

export function contactsAnswer(contacts: ContactService, connected: (peer: string) => boolean): ContactsAnswer {
  const all = contacts.list()
  const at = (ms: number): string => new Date(ms).toISOString()
  return {
    contacts: all
      .filter(({ state }) => state === 'contact' || state === 'waiting')
      .map(({ peer, name, words, since, state }) => ({
        ...{ peer, site: name, checkWords: [...words], approved: at(since), connected: connected(peer) },
        mutual: state === 'contact',
      })),
    pending: contacts.pending().map(({ peer, name, words, since, introducer: by, direction }) => {
      const introducer = all.find(one => one.peer === by)
      return {
        ...{ peer, site: name, checkWords: [...words], since: at(since) },
        introducedBy: introducer === undefined ? null : { peer: introducer.peer, site: introducer.name },
        direction,
      }
    }),
    invitations: contacts.invitations().map(({ id, created, expires, note }) => ({
      ...{ id, created: at(created), expires: at(expires), note: note ?? null },
    })),
  }
}
