/** What happens in a simulated world, in words. @module */

import type { Notice } from '../../protocols/round/effects.ts'

export function describeNotice(notice: Notice): string {
  switch (notice.kind) {
    case 'phase':
      return `round ${notice.round} view ${notice.view}: ${notice.phase}`
    case 'completed': {
      const { round, outcome, contributors, views } = notice
      const who =
        outcome === 'result' ? ` of ${contributors.join(', ')} in ${views} ${views === 1 ? 'view' : 'views'}` : ''
      return `round ${round} is certified: ${outcome}${who}`
    }
    case 'refused':
      return `round ${notice.round}: ${notice.code}: ${notice.reason}`
    case 'finished':
      return `has finished after round ${notice.round}`
    case 'roster':
      return `round ${notice.round} begins with version ${notice.roster.version} of the roster`
  }
}
