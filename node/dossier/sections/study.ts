/** Of a dossier: what the study is, on which data, who is responsible for what, and who approved it. @module */

import { contractKindOf } from '../../../protocols/study/contracts/list.ts'
import { describeStudy } from '../../study/description.ts'
import { type DossierSection, type Fact, fact, section } from '../facts.ts'
import type { OpenedSources } from '../opened-sources.ts'
import { ACTIONS_SOURCE, CERTIFICATE_SOURCE, type SourceList, STUDY_SOURCE } from '../sources.ts'

const inStudy = (field: string): string => `${STUDY_SOURCE}: ${field}`

/** What the study is, in plain words. */
export function studySection({ study: { document, study, founder } }: OpenedSources): DossierSection {
  return section('The study in plain words', {
    parts: describeStudy(document),
    facts: [
      fact('Name', document.name, inStudy('name')),
      fact('Id', study, `SHA-256 of the document in ${STUDY_SOURCE}`),
      fact('Written', document.created, inStudy('created')),
      fact('Signed by the hospital', founder, `${STUDY_SOURCE}: its signature`),
      fact(
        'Rounds',
        document.schedule.map(({ kind, rounds }) => `${rounds} of ${kind}`).join(', '),
        inStudy('schedule'),
      ),
    ],
  })
}

/** The data contract. */
export function dataSection({ study: { document } }: OpenedSources): DossierSection {
  const { contract, unit, units, copies } = document
  return section('Data contract', {
    text: [
      `Each record: ${contractKindOf(contract).sentence(contract)}. A hospital leaves out what does not fit. No record leaves it: a peer, a relay or this dossier holds none.`,
    ],
    facts: [
      fact('Kind, and numbers of one record', `${contract.kind}, ${contract.shape.join(' x ')}`, inStudy('contract')),
      fact('Classes', contract.classes.join(', '), inStudy('contract.classes')),
      fact('Unit of protection', unit, inStudy('unit')),
      fact('Units that the study counts on', units, inStudy('units')),
      fact('Hospitals that may know the same unit', copies, inStudy('copies')),
    ],
    open: ['Which patients are in the data set, from when to when, and how they were chosen'],
  })
}

/** Who is responsible for what. */
export function rolesSection({ certified: { roster, quorum } }: OpenedSources): DossierSection {
  return section('Roles', {
    text: [
      'Each hospital alone decides on the records that it holds, reads them on its own machine, and releases nothing but a masked sum with noise: there is no server and no coordinator. What all have in common is the study document, which each approved, and the model, which each holds.',
    ],
    facts: roster.hospitals
      .map(({ name }, member) =>
        fact(
          name,
          `${roster.peers[member]}: its own records, its own node; a copy of the model`,
          `${CERTIFICATE_SOURCE}: roster, version ${roster.version}`,
        ),
      )
      .concat(fact('Votes that certify a round', `${quorum} of ${roster.hospitals.length}`, STUDY_SOURCE)),
    open: [
      'Controller for the records of this hospital, in the sense of the law',
      'Whether the hospitals are joint controllers for the model, and by which agreement',
      'Processors, if a vendor runs the machine',
    ],
  })
}

/** Who approved what, and when: of this node, and changes of the roster that all have certified. */
export function approvalSection({ actions, rounds, study }: OpenedSources, { site }: SourceList): DossierSection {
  const own: Fact[] = actions.flatMap(({ at, actor, way, did, what }, index) => {
    const about = what === '' ? '' : ` ${what}`
    return [
      fact(
        at,
        `${did}${about}: ${actor}${way === 'command' ? '' : ` (${way})`}`,
        `${ACTIONS_SOURCE}, line ${index + 1}`,
      ),
    ]
  })
  const changed = rounds
    .filter(round => round.changed)
    .map(({ line, round, hospitals }) =>
      fact(
        `Round ${round}`,
        `a change of the list of hospitals, certified with ${hospitals.join(', ')}`,
        `transcript.jsonl, line ${line}`,
      ),
    )
  return section('Who approved what, and when', {
    text: [
      `What was done on the node of ${site}, by command or on its page, since the record began; approvals of other hospitals are in their own dossiers. That each of them takes part shows in the rounds that it contributed to.`,
      ...(own.some(({ value }) => value.includes(study.study))
        ? []
        : ['The record does not go back to the approval of this study.']),
    ],
    facts: [...own, ...changed],
    open: ['Who decided that this hospital takes part (ethics committee, management), and when'],
  })
}
