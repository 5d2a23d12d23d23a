/** The hospitals of a new study, from contacts: nobody types a peer id or an address. @module */

import { ADDRESSES_MAX } from '../../../protocols/study/limits.ts'
import { readConfig } from '../../config/config.ts'
import { readBook } from '../../contacts/book-file.ts'
import { contactViews } from '../../contacts/contact-view.ts'
import { ownAddresses } from '../../contacts/invite.ts'
import { selectContact } from '../../contacts/select.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { loadIdentity } from '../../storage/identity.ts'
import type { StudySpec } from '../../study/study-spec.ts'

/**
 * This hospital and the contacts that are meant.
 *
 * @param names by name, beginning of the peer id, or check words
 * @throws OperatorError `no-data-folder`, `unknown-contact`, `which-contact`, `not-a-contact`; exit code 2
 */
export async function contactHospitals(
  data: string | undefined,
  names: readonly string[],
): Promise<StudySpec['hospital']> {
  if (data === undefined) {
    throw new OperatorError('no-data-folder', 'The study has no founder', {
      hint: "Say --data with the node's folder.",
      exitCode: EXIT.usage,
    })
  }
  const config = await readConfig(data)
  const { peer } = await loadIdentity(data)
  const views = contactViews(await readBook(data), config.site)
  const chosen = names.filter(name => name !== '').map(name => selectContact(views, name))
  const stranger = chosen.find(({ state }) => state !== 'contact')
  if (stranger !== undefined) {
    throw new OperatorError('not-a-contact', `${stranger.name} is not a contact yet: both hospitals have to approve`, {
      hint: 'See what is missing with "confrere contacts".',
      exitCode: EXIT.usage,
    })
  }
  const own = { name: config.site, peer, addresses: ownAddresses(config).slice(0, ADDRESSES_MAX) }
  const others = [...new Map(chosen.map(one => [one.peer, one])).values()]
  return [own, ...others.map(({ name, addresses, ...one }) => ({ name, peer: one.peer, addresses: [...addresses] }))]
}
