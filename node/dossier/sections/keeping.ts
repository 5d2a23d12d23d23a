/** Of a dossier: what is kept, what the program does not protect, and what only the hospital can say. @module */

import { UNIT_NOTE } from '../../privacy/epsilon-text.ts'
import { type DossierSection, fact, section } from '../facts.ts'
import type { OpenedSources } from '../opened-sources.ts'
import { KEEPING_SOURCE } from '../sources.ts'

/** What the node keeps, and for how long. */
export function keepingSection({ kept }: OpenedSources): DossierSection {
  return section('What is kept, and for how long', {
    text: ['On the machine of this hospital, when this dossier was made.'],
    facts: kept.map(({ folder, what, until, bytes, since }) =>
      fact(
        folder,
        `${what} ${until} ${bytes === 0 ? 'Empty now.' : `${sizeText(bytes)} now, the oldest of ${since}.`}`,
        `${KEEPING_SOURCE}: ${folder}`,
      ),
    ),
    open: ['How long the records themselves may be kept for this study'],
  })
}

function sizeText(bytes: number): string {
  return bytes < 1 << 20 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`
}

/** What the program does not protect from. */
export function limitSection({ study }: OpenedSources): DossierSection {
  const { hospitals } = study.document
  return section('Known limits', {
    text: [
      'A research tool, not a medical device. No outside cryptographer has reviewed it.',
      'A hospital that lies about its own input can steer the model: nobody can look under a mask.',
      'A hospital that withholds its part after the others have released makes a round VOID, and all are charged for it.',
      'Sums of rounds with different contributors can be subtracted; what protects the difference is the noise of the hospital concerned, the third epsilon.',
      UNIT_NOTE,
      ...(hospitals.length === 3 ? ['With three hospitals everything waits while one is absent.'] : []),
      'Keys are exchanged by X25519: traffic that is recorded today opens when that is broken. Noise stays.',
      'That hospitals take part, who, and when, can be seen by who watches the network.',
    ],
  })
}

/** What only the controller can say. */
export function controllerSection(): DossierSection {
  return section('What only the hospital can say', {
    open: [
      'Purpose of the processing',
      'Legal basis',
      'Necessity and proportionality',
      'How patients were informed, and how they can object ("confrere data withdraw" takes a patient out)',
      'Risks for patients, as this hospital assesses them, and measures beside those above',
      'Opinion of the data protection officer, name and date',
    ],
  })
}
