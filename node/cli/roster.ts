/**
 * `confrere roster`: admits hospitals, removes them, and changes their keys. Any operator may draft a change; it takes
 * effect once the operators of a quorum have approved it, with the result of the round in which they have.
 *
 * @module
 */

import type { Command } from 'commander'
import { sha256 } from '../../crypto/hash.ts'
import { ProtocolError } from '../../protocols/errors.ts'
import { hex } from '../../protocols/immutable.ts'
import { decodeChange, describeChange, encodeChange, type RosterChange } from '../../protocols/roster/change.ts'
import { EXIT, type ExitCode, OperatorError } from '../errors.ts'
import { selectStudy } from '../storage/approved-studies.ts'
import { writeFileNew } from '../storage/atomic-file.ts'
import { folderUnusable, requireDataFolder } from '../storage/data-folder.ts'
import { parsePeerId } from '../storage/identity.ts'
import { readChange, storeApproval, withdrawApproval } from '../storage/pending-change.ts'
import { addDataOption, collect, parseStudyPrefix } from './options.ts'
import { printLines } from './output.ts'

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
    .argument('<file>', 'the change')
    .action(approve)
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
    `Wrote ${out}: send it to every hospital. It holds once a quorum has approved it: "confrere roster approve".`,
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

async function approve(file: string, { data, study: prefix }: { data: string; study?: string }): Promise<void> {
  await requireDataFolder(data)
  const { study, document } = await selectStudy(data, prefix)
  const change = await readChange(file).catch((cause: Error) => {
    throw failure('change-unreadable', `${file} is no change of a roster: ${cause.message}`, {
      hint: '"confrere roster admit", "remove" and "rotate" write such files.',
      exitCode: cause instanceof ProtocolError ? EXIT.verificationFailed : EXIT.usage,
      cause,
    })
  })
  await storeApproval(data, study, change).catch(error => {
    throw folderUnusable(data, error)
  })
  printLines(
    `Approved in "${document.name}": ${describeChange(change)}`,
    `Check:    ${fingerprintOf(change)}`,
    'It holds with the round after the one in which a quorum has approved it.',
  )
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
