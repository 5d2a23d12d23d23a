/**
 * `confrere roster`: admits hospitals, removes them, and changes their keys. Any operator may draft a change; it takes
 * effect once the operators of a quorum have approved it, with the result of the round in which they have.
 *
 * @module
 */

import type { Command } from 'commander'
import { sha256 } from '../../crypto/hash.ts'
import { ProtocolError } from '../../protocols/errors.ts'
import { hex, same } from '../../protocols/immutable.ts'
import { decodeChange, describeChange, encodeChange, type RosterChange } from '../../protocols/roster/change.ts'
import { planStudy } from '../../protocols/study/plan.ts'
import { addChanges, markChange, readProposal, storeProposal } from '../contacts/proposal-folder.ts'
import { EXIT, type ExitCode, OperatorError } from '../errors.ts'
import type { RosterAnswer } from '../http/api/studies.ts'
import { openNodeClient } from '../http/node-client.ts'
import { selectStudy } from '../storage/approved-studies.ts'
import { writeFileNew } from '../storage/atomic-file.ts'
import { folderUnusable, requireDataFolder } from '../storage/data-folder.ts'
import { loadIdentity, parsePeerId, peerIdString } from '../storage/identity.ts'
import { readApproval, readChange, storeApproval, withdrawApproval } from '../storage/pending-change.ts'
import { confirm } from './contacts/confirm.ts'
import { addDataOption, addJsonOption, collect, parseStudyPrefix } from './options.ts'
import { printJson, printLines } from './output.ts'
import { actsOn } from './recorded-commands.ts'

interface Heard {
  readonly text: string
  readonly names: readonly string[]
}

interface Newcomer {
  name: string
  address?: string[]
  out: string
}

export function addRoster(roster: Command): void {
  const newcomer = (command: Command): Command =>
    command
      .requiredOption('--name <name>', 'what the hospital is called')
      .option('--address <multiaddr>', 'where it can be reached; may be repeated', collect)
      .requiredOption('--out <file>', 'the file to write the change to')
  newcomer(roster.command('admit').description('write down that a hospital is to be admitted'))
    .argument('<peer>', 'its peer id')
    .action((peer: string, options: Newcomer) => write({ kind: 'admit', hospital: hospitalOf(peer, options) }, options))
  newcomer(roster.command('rotate').description('write down that a hospital goes on under another key'))
    .argument('<old>', 'its peer id so far')
    .argument('<new>', 'its new peer id')
    .action((old: string, peer: string, options: Newcomer) =>
      write({ kind: 'rotate', id: parsePeerId(old), hospital: hospitalOf(peer, options) }, options),
    )
  roster
    .command('remove')
    .description('write down that a hospital is to be removed')
    .argument('<peer>', 'its peer id')
    .requiredOption('--out <file>', 'the file to write the change to')
    .action((peer: string, options: { out: string }) => write({ kind: 'remove', id: parsePeerId(peer) }, options))
  const ofStudy = (command: Command): Command =>
    addDataOption(command).option('--study <id>', 'of which study, by the first digits of its id', parseStudyPrefix)
  ofStudy(roster.command('approve').description('agree to a change; the running node says so in every round'))
    .argument('<file>', 'the change, or the check number of a proposed one')
    .option('--yes', 'do not ask about a proposed one')
    .action(approve)
  ofStudy(roster.command('propose').description('send a change to the contacts in the roster'))
    .argument('<file>', 'the change')
    .action(propose)
  ofStudy(roster.command('refuse').description('refuse a proposed change'))
    .argument('<check>', 'its check number')
    .option('--yes', 'do not ask')
    .action(refuse)
  addJsonOption(
    ofStudy(roster.command('show').description('who takes part, and the changes that were proposed')),
  ).action(show)
  ofStudy(roster.command('withdraw').description('agree to no change any more, as long as none is certified')).action(
    withdraw,
  )
}

/** A fingerprint by which two operators check that they see the same change. */
function fingerprintOf(change: RosterChange): string {
  return (
    hex(sha256(encodeChange(change)))
      .slice(0, 16)
      .match(/.{4}/g) ?? []
  ).join(' ')
}

async function write(change: RosterChange, { out }: { out: string }): Promise<void> {
  const bytes = checked(change)
  await writeFileNew(out, bytes).catch((cause: NodeJS.ErrnoException) => {
    throw failure('change-not-written', `${out} cannot be written: ${cause.message}`, {
      hint: cause.code === 'EEXIST' ? 'Choose another name: a change is not overwritten.' : 'Choose another --out.',
      exitCode: EXIT.usage,
      cause,
    })
  })
  printLines(
    `Change: ${describeChange(change)}`,
    `Check:  ${fingerprintOf(change)}`,
    `Wrote ${out}: send it to every hospital, by "confrere roster propose" or by hand. It holds once a quorum has approved it: "confrere roster approve".`,
  )
}

/** Encodes a change and checks that it decodes. @throws OperatorError `bad-change`, exit code 2 */
function checked(change: RosterChange): Uint8Array {
  try {
    const bytes = encodeChange(change)
    decodeChange(bytes)
    return bytes
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    const hint = 'A name has 1 to 64 printable characters, an address is a multiaddr such as /dns4/a.example/tcp/7419.'
    throw failure('bad-change', cause.message, { hint, exitCode: EXIT.usage, cause })
  }
}

interface OfStudy {
  data: string
  study?: string
  yes?: true
  json?: true
}

async function approve(file: string, { data, study: prefix, yes }: OfStudy): Promise<void> {
  await requireDataFolder(data)
  const { study, document } = await selectStudy(data, prefix)
  const proposed = await findChange(data, study, file)
  if (proposed !== undefined) await confirm(`Approve in "${document.name}": ${describeChange(proposed)}?`, { yes })
  const change = proposed ?? (await changeOfFile(file))
  await storeApproval(data, study, change).catch(error => {
    throw folderUnusable(data, error)
  })
  actsOn(`${fingerprintOf(change)} of ${study}`)
  printLines(
    `Approved in "${document.name}": ${describeChange(change)}`,
    `Check:    ${fingerprintOf(change)}`,
    'It holds with the round after the one in which a quorum has approved it.',
  )
}

/** A proposed change by its check number, with or without spaces; undefined: the text is none of one. */
async function findChange(data: string, study: string, text: string): Promise<RosterChange | undefined> {
  const wanted = text.replace(/\s/g, '').toLowerCase()
  if (!/^[0-9a-f]{16}$/.test(wanted)) return undefined
  const proposal = await readProposal(data, study)
  const all = (proposal?.changes ?? []).map(({ bytes }) => decodeChange(bytes))
  return all.find(change => fingerprintOf(change).replaceAll(' ', '') === wanted)
}

async function propose(file: string, { data, study: prefix }: OfStudy): Promise<void> {
  await requireDataFolder(data)
  const found = await selectStudy(data, prefix)
  const { peer } = await loadIdentity(data)
  const change = await changeOfFile(file)
  // with the study itself, for hospitals that got it by hand
  await storeProposal(data, found, { from: peer, self: peer, now: Date.now() })
  await addChanges(data, found.study, { from: peer, changes: [encodeChange(change)] })
  printLines(
    `Proposed in "${found.document.name}": ${describeChange(change)}`,
    `Check:    ${fingerprintOf(change)}`,
    'The running node sends it to the contacts in the roster. This hospital approves it like the others: "confrere roster approve".',
  )
}

async function refuse(check: string, { data, study: prefix, yes }: OfStudy): Promise<void> {
  await requireDataFolder(data)
  const { study, document } = await selectStudy(data, prefix)
  const change = await findChange(data, study, check)
  if (change === undefined) {
    throw failure(
      'unknown-change',
      `No change with the check number ${JSON.stringify(check.slice(0, 40))} was proposed`,
      {
        hint: '"confrere roster show" lists them.',
        exitCode: EXIT.usage,
      },
    )
  }
  await confirm(`Refuse in "${document.name}": ${describeChange(change)}?`, { yes })
  await markChange(data, study, { bytes: encodeChange(change), state: 'refused' })
  printLines(`Refused in "${document.name}": ${describeChange(change)}`)
}

async function show({ data, study: prefix, json }: OfStudy): Promise<void> {
  await requireDataFolder(data)
  const { study, document } = await selectStudy(data, prefix)
  const names = new Map(document.hospitals.map(({ id, name }) => [peerIdString(id), name]))
  const approved = await readApproval(data, study)
  const heard = await approvalsHeard(data, study)
  const known = (await readProposal(data, study))?.changes ?? []
  const changes = known.map(({ bytes, from, state }) => ({
    check: fingerprintOf(decodeChange(bytes)),
    change: describeChange(decodeChange(bytes)),
    from: names.get(from) ?? from,
    state: approved !== null && same(approved, bytes) ? 'approved' : state,
    approvedBy: heard && (heard.get(hex(sha256(bytes)))?.names ?? []),
  }))
  const proposed = new Set(known.map(({ bytes }) => hex(sha256(bytes))))
  const others = [...(heard ?? [])].filter(([change]) => !proposed.has(change)).map(([, one]) => one)
  const { quorum } = planStudy(document)
  if (json)
    return printJson({
      study,
      name: document.name,
      founding: [...names].map(([peer, name]) => ({ peer, name })),
      quorum,
      changes,
      notProposed: others.map(({ text, names: by }) => ({ change: text, approvedBy: by })),
    })
  printLines(
    `Founded by ${[...names.values()].join(', ')}; the running node's "confrere status" shows the roster of now.`,
    ...changes.flatMap(one => [
      `${one.check}  ${one.state}  ${one.change}, proposed by ${one.from}`,
      ...(one.approvedBy === null || one.approvedBy.length === 0 ? [] : [`  approved by ${one.approvedBy.join(', ')}`]),
    ]),
    ...others.map(({ text, names: by }) => `${text}, approved by ${by.join(', ')}, and not proposed to this hospital`),
    ...(heard === null ? ['No node runs here that knows this study: who else approves a change is not known.'] : []),
    changes.length === 0
      ? 'No change was proposed.'
      : `A change holds once ${quorum} hospitals of the founding roster's number have approved it.`,
  )
}

/** Each pending change, by its hash in hex, with the hospitals that approve it, as the running node has heard; null: none runs. */
async function approvalsHeard(data: string, study: string): Promise<Map<string, Heard> | null> {
  try {
    const isRight = (answer: unknown): boolean => Array.isArray((answer as Partial<RosterAnswer> | null)?.pending)
    const node = await openNodeClient({ data })
    const { pending } = await node.ask<RosterAnswer>(`/v1/studies/${study}/roster`, isRight)
    const nameOf = ({ site, peer }: { site: string; peer: string }): string => site || peer
    return new Map(pending.map(({ change, text, approvedBy }) => [change, { text, names: approvedBy.map(nameOf) }]))
  } catch (error) {
    if (error instanceof OperatorError) return null
    throw error
  }
}

async function changeOfFile(file: string): Promise<RosterChange> {
  return await readChange(file).catch((cause: Error) => {
    throw failure('change-unreadable', `${file} is no change of a roster: ${cause.message}`, {
      hint: '"confrere roster admit", "remove" and "rotate" write such files.',
      exitCode: cause instanceof ProtocolError ? EXIT.verificationFailed : EXIT.usage,
      cause,
    })
  })
}

async function withdraw({ data, study: prefix }: { data: string; study?: string }): Promise<void> {
  await requireDataFolder(data)
  const { study, document } = await selectStudy(data, prefix)
  await withdrawApproval(data, study)
  printLines(`This hospital approves no change of the roster of "${document.name}".`)
}

function hospitalOf(peer: string, { name, address = [] }: Newcomer) {
  return { id: parsePeerId(peer), name, addresses: address }
}

function failure(
  code: string,
  message: string,
  rest: { hint: string; exitCode: ExitCode; cause?: unknown },
): OperatorError {
  return new OperatorError(code, message, rest)
}
