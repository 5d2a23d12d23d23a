/** `confrere pass`: passes with which clients ask for private predictions; made, listed, taken back. @module */

import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { printable } from '../../../protocols/encoding/printable.ts'
import { ADDRESS_SCHEMA, readConfig } from '../../config/config.ts'
import { readBook } from '../../contacts/book-file.ts'
import { ownAddresses } from '../../contacts/invite.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { newPass, PASS_DAYS_DEFAULT, PASS_DAYS_MAX } from '../../prediction/via/issue-pass.ts'
import { requireLinearModel } from '../../prediction/via/linear-head.ts'
import { PASS_NAME_MAX, readPassBook, revokePass } from '../../prediction/via/pass-book.ts'
import { selectStudy } from '../../storage/approved-studies.ts'
import { requireDataFolder } from '../../storage/data-folder.ts'
import { loadIdentity, parsePeerId } from '../../storage/identity.ts'
import { readCheckpointOf } from '../../storage/newest-checkpoint.ts'
import { addDataOption, addJsonOption, boundedNumber, collect, parseStudyPrefix } from '../options.ts'
import { printJson, printLines } from '../output.ts'

interface PassOptions {
  readonly data: string
  readonly json?: true
}

interface NewOptions extends PassOptions {
  readonly out: string
  readonly study?: string
  readonly days: number
  readonly address?: string[]
}

export function addPass(pass: Command): void {
  const common = (name: string, description: string): Command =>
    addJsonOption(addDataOption(pass.command(name).description(description)))
  common('new', 'make a pass for a client: a file that lets it ask the hospitals of a study')
    .argument('<name>', 'whom it is for, for your own list')
    .requiredOption('--out <file>', 'the file to write; who has it is the client')
    .option('--study <id>', 'the first digits of its id; not needed where there is one', parseStudyPrefix)
    .option('--days <n>', 'how long it is good', boundedNumber(1, PASS_DAYS_MAX), PASS_DAYS_DEFAULT)
    .option(
      '--address <multiaddr>',
      'where a hospital is reached, with /p2p/ and its peer id at the end, beside what the study and contacts say; repeatable',
      collect,
    )
    .action(make)
  common('list', 'passes that this hospital has made, and those that it honours no more').action(list)
  common('revoke', "honour a client's passes no more, whichever hospital made them; each hospital does so for itself")
    .argument('<client>', 'the peer id that "pass list" shows')
    .action(revoke)
}

async function make(name: string, { data, out, study: prefix, days, address, json }: NewOptions): Promise<void> {
  await requireDataFolder(data)
  if (name.trim() === '' || name.length > PASS_NAME_MAX) {
    throw new OperatorError('bad-name', `The name has ${name.length} characters`, {
      hint: `Say whom the pass is for, in 1 to ${PASS_NAME_MAX} characters.`,
      exitCode: EXIT.usage,
    })
  }
  const study = await selectStudy(data, prefix)
  requireLinearModel(study.document)
  const [config, identity, book] = [await readConfig(data), await loadIdentity(data), await readBook(data)]
  const known = new Map<string, readonly string[]>(book.contacts.map(({ peer, addresses }) => [peer, addresses]))
  known.set(identity.peer, ownAddresses(config))
  for (const one of [...config.network.bootstrap, ...(address ?? []).map(checkedAddress)]) {
    const [, place, peer] = /^(.*)\/p2p\/([^/]+)$/.exec(one) ?? []
    if (place !== undefined && peer !== undefined) known.set(peer, [place, ...(known.get(peer) ?? [])])
  }
  const found = await readCheckpointOf(data, study)
  const random = (bytes: number) => new Uint8Array(randomBytes(bytes))
  const choices = { name, out, days, random, now: Date.now(), addresses: known }
  const { client, expires } = await newPass(data, { identity, study, found }, choices)
  const until = new Date(expires).toISOString()
  if (json) return printJson({ client, study: study.study, round: found.round, checkpoint: found.hash, expires: until })
  printLines(
    `The model is differentially private, epsilon ${study.document.privacy.epsilon}: it may simply be handed out ("confrere export"), and ` +
      'whoever has it needs no pass. A pass is for where it is not to leave the hospitals.',
    `${out}: a pass for ${printable(name)}, client ${client}, good until ${until}`,
    `It is for round ${found.round} of "${printable(study.document.name)}" alone: after another round it needs a new one.`,
    'Send it by a way that only the client reads, for who has it is the client. There: confrere predict --via FILE RECORD...',
    ...(config.serve.predictions
      ? []
      : ['This hospital itself does not answer clients: set predictions = true under [serve] in config.toml.']),
  )
}

/** @throws OperatorError `bad-address`, exit code 2 */
function checkedAddress(text: string): string {
  if (ADDRESS_SCHEMA.safeParse(text).success && /\/p2p\/[^/]+$/.test(text)) return text
  throw new OperatorError('bad-address', `${JSON.stringify(text.slice(0, 200))} does not say where which hospital is`, {
    hint: 'Write a multiaddr with the peer id at its end, such as /dns4/b.example/tcp/7419/p2p/12D3KooW...',
    exitCode: EXIT.usage,
  })
}

async function list({ data, json }: PassOptions): Promise<void> {
  await requireDataFolder(data)
  const { given, revoked } = await readPassBook(data)
  const passes = given.map(one => ({ ...one, revoked: revoked.includes(one.client) }))
  const others = revoked.filter(client => !given.some(one => one.client === client))
  if (json) return printJson({ passes, revokedOfOthers: others })
  const stateOf = ({ revoked: isRevoked, expires }: (typeof passes)[number]): string =>
    isRevoked ? 'taken back' : Date.now() < expires ? `until ${new Date(expires).toISOString()}` : 'expired'
  printLines(
    ...(passes.length === 0 ? ['This hospital has made no pass.'] : []),
    ...passes.map(one => `${one.client}  ${printable(one.name)}  study ${one.study.slice(0, 12)}  ${stateOf(one)}`),
    ...others.map(client => `${client}  not honoured here; no pass of this hospital`),
  )
}

async function revoke(client: string, { data, json }: PassOptions): Promise<void> {
  await requireDataFolder(data)
  parsePeerId(client)
  await revokePass(data, client)
  if (json) return printJson({ revoked: client })
  printLines(
    `This hospital no longer answers ${client}.`,
    'The other hospitals of the study still do: ask them to revoke it too.',
  )
}
