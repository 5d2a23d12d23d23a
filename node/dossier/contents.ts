/**
 * All files of a dossier, from its sources. The same sources give the same bytes, so that anybody can make the files again
 * and compare.
 *
 * @module
 */

import type { DossierSection } from './facts.ts'
import { type OpenedSources, openSources } from './opened-sources.ts'
import { dossierPage } from './page.ts'
import { controllerSection, keepingSection, limitSection } from './sections/keeping.ts'
import { accuracySection, auditSection, lineageSection, subgroupSection } from './sections/model.ts'
import { epsilonSection, mechanismSection } from './sections/privacy.ts'
import { approvalSection, dataSection, rolesSection, studySection } from './sections/study.ts'
import type { SourceList } from './sources.ts'

export const DOSSIER_FILE = 'dossier.json'
export const DOSSIER_PAGE = 'dossier.html'

/** Of dossier.json. It grows when a field goes or changes its meaning. */
const DOSSIER_VERSION = 1

export interface DossierContents {
  readonly opened: OpenedSources
  /** what is made of the sources, by name */
  readonly made: ReadonlyMap<string, Uint8Array>
}

/**
 * Verifies the sources and makes the files.
 *
 * @param list as signed: of when and of whom the dossier is
 * @throws SourceError that names the first source that is not what it must be
 */
export function dossierOf(files: ReadonlyMap<string, Uint8Array>, list: SourceList): DossierContents {
  const opened = openSources(files)
  const sections = sectionsOf(opened, list)
  const { study, document } = opened.study
  const { at, site, peer } = list
  const json = { schemaVersion: DOSSIER_VERSION, at, site, peer, study, checkpoint: opened.checkpointHash, sections }
  const text = new TextEncoder()
  return {
    opened,
    made: new Map([
      [DOSSIER_FILE, text.encode(`${JSON.stringify(json, null, 1)}\n`)],
      [DOSSIER_PAGE, text.encode(dossierPage(list, { name: document.name, sections }))],
    ]),
  }
}

function sectionsOf(opened: OpenedSources, list: SourceList): DossierSection[] {
  return [
    studySection(opened),
    dataSection(opened),
    rolesSection(opened),
    controllerSection(),
    approvalSection(opened, list),
    epsilonSection(opened),
    mechanismSection(opened),
    auditSection(opened),
    accuracySection(opened),
    subgroupSection(opened),
    keepingSection(opened),
    limitSection(opened),
    lineageSection(opened),
  ]
}
