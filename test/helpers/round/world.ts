/** Simulated studies for tests, and their common checks. @module */

import type { ExecutionContext } from 'ava'
import { TAG_SUM } from '../../../crypto/domain.ts'
import { sha256 } from '../../../crypto/hash.ts'
import { toBytes } from '../../../crypto/ring.ts'
import { genesisHash } from '../../../crypto/transcript.ts'
import { hex } from '../../../protocols/immutable.ts'
import { openMessage, slotOf } from '../../../protocols/messages/messages.ts'
import type { ResultValue } from '../../../protocols/messages/result-value.ts'
import { rememberingVerifier } from '../../../protocols/messages/verifier.ts'
import { checkpointHash, encodeCheckpoint, initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import { evaluated } from '../../../protocols/model/evaluation-state.ts'
import { applyStatistics, applySum } from '../../../protocols/model/optimizer.ts'
import { beginningOf, optimizerOf } from '../../../protocols/model/search-state.ts'
import type { Effect } from '../../../protocols/round/effects.ts'
import { noiseInSum } from '../../../protocols/study/noise/noised-sums.ts'
import { planStudy, sumIn } from '../../../protocols/study/plan.ts'
import { firstRound, roundKind } from '../../../protocols/study/rounds.ts'
import { tableAfter } from '../../../protocols/study/table.ts'
import { TIMING_LAN } from '../../../protocols/study/timing.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { hashAfter, verifyLink } from '../../../protocols/transcript/link.ts'
import { contextOf, type SimulatedHospital } from '../../../sim/world/hospital.ts'
import type { Keyring } from '../../../sim/world/signer.ts'
import { World, type WorldOptions } from '../../../sim/world/world.ts'
import { seededRng } from '../seeded-rng.ts'
import { type StudyChanges, testSigners, testStudy } from '../study/study.ts'

export interface StoryOptions extends Partial<Pick<WorldOptions, 'update' | 'delayMs' | 'epsilonMax' | 'adversaries'>> {
  readonly hospitals: number
  readonly seed?: number | string
  readonly study?: StudyChanges
  readonly timing?: Partial<StudyDocument['timing']>
  /** quick simulated signatures in place of real ones, for long stories */
  readonly keyring?: Keyring
}

export interface Story {
  readonly world: World
  readonly document: StudyDocument
  /** all trainings, in order */
  readonly trained: { member: number; round: number }[]
}

/** A world whose every training gives another vector, so that a mix-up of two shows in the sum. */
export function createStory({
  hospitals,
  seed = 1,
  study = {},
  timing = {},
  keyring,
  ...options
}: StoryOptions): Story {
  const signers = keyring?.signers ?? testSigners(hospitals)
  const document = testStudy(signers, { timing: { ...TIMING_LAN, ...timing }, ...study })
  const plan = planStudy(document)
  const trained: Story['trained'] = []
  const update = (member: number, round: number) => {
    trained.push({ member, round })
    const bytes = new Uint8Array(4 * sumIn(plan, round).dimension)
    seededRng(`update ${seed} ${trained.length}`)(bytes)
    return new Int32Array(bytes.buffer).map(word => word >> 12)
  }
  const world = new World({
    document,
    signers,
    seed: sha256(Buffer.from(`world ${seed}`)),
    rng: seededRng(`world ${seed}`),
    update,
    verify: keyring?.verify ?? rememberingVerifier(),
    ...options,
  })
  world.inspect = checkEffect
  return { world, document, trained }
}

/** Checks the order: disk before publication, a charge's reservation before the mask, a release with its charge. */
export function checkEffect(hospital: SimulatedHospital, effect: Effect): void {
  const { disk, member } = hospital
  if (effect.type === 'publish') {
    const message = openMessage(effect.bytes, contextOf(hospital))
    const logged = disk.own.get(message.body.round)?.get(slotOf(message))
    if (logged === undefined || Buffer.compare(logged, effect.bytes) !== 0) {
      throw new Error(`${member} published ${slotOf(message)} before it was on disk`)
    }
    const { type, round } = message.body
    if (type === 'release' && !disk.charges.some(charge => charge.round === round)) {
      throw new Error(`${member} released in round ${round} without a charge`)
    }
  }
  if (effect.type === 'compute' && effect.job.kind === 'mask' && !disk.reserved.has(hex(effect.job.session.sid))) {
    throw new Error(`${member} masks in round ${effect.job.round} without a reservation`)
  }
}

export function startAll(world: World): void {
  for (const { member } of world.hospitals) world.start(member)
}

/** Runs until every hospital has finished the study, except those that never return. */
export function finish(
  world: World,
  { without = [], withinMs = 3_600_000 }: { without?: readonly number[]; withinMs?: number } = {},
): void {
  const done = ({ member, alive, state }: SimulatedHospital) =>
    without.includes(member) || (alive && state.phase === 'finished')
  world.until(() => world.hospitals.every(done), { withinMs })
}

/** Checks the transcript that all hospitals share, and returns its certified values. */
export function checkStory(
  t: ExecutionContext,
  { world, document }: Story,
  { liars = [] }: { liars?: readonly number[] } = {},
): ResultValue[] {
  const longest = world.hospitals.reduce((a, b) => (b.disk.links.length > a.disk.links.length ? b : a))
  const { links } = longest.disk
  for (const { member, disk, blames } of world.hospitals) {
    const values = disk.links.map(link => hex(link.value))
    t.deepEqual(
      values,
      links.slice(0, values.length).map(link => hex(link.value)),
      `transcript of ${member}`,
    )
    const unjust = blames.filter(blame => !liars.includes(blame.member) && !liars.includes(member))
    t.deepEqual(unjust, [], `${member} blames nobody who did nothing`)
  }
  const values: ResultValue[] = []
  let head = genesisHash(longest.context.study)
  let checkpoint = initialCheckpoint(document)
  const plan = planStudy(document)
  const { fixedPoint, denominator, contributorsMin } = plan
  for (const [index, link] of links.entries()) {
    t.is(link.round, index + firstRound(document))
    const value = verifyLink(link, longest.context)
    head = hashAfter(head, link, value)
    values.push(value)
    if (value.outcome !== 'result') continue
    t.true(value.members.length >= contributorsMin)
    const sum = exactSum(world, value)
    t.is(hex(value.sum), hex(sha256(TAG_SUM, toBytes(new Uint32Array(sum.buffer)))), `exact sum of round ${link.round}`)
    const kind = roundKind(document, link.round)
    checkpoint = beginningOf(document, checkpoint, link.round)
    const planned = sumIn(plan, link.round)
    const noise = noiseInSum(document.privacy, planned, document.hospitals.length)
    const whole = { document, scale: planned.fixedPoint.scale, noise }
    if (kind === 'statistics') checkpoint = applyStatistics(checkpoint, sum, whole)
    else if (kind === 'evaluation') checkpoint = evaluated(checkpoint, sum, { ...whole, round: link.round })
    else if (kind === 'table') {
      const table = tableAfter(checkpoint.table, sum, planned.fixedPoint.scale)
      checkpoint = { ...checkpoint, round: checkpoint.round + 1, table }
    } else
      checkpoint = applySum(checkpoint, sum, {
        ...optimizerOf(document, checkpoint),
        scale: fixedPoint.scale,
        factor: 1,
        denominator,
      })
    checkpoint = beginningOf(document, checkpoint, link.round + 1)
    t.is(hex(value.checkpoint), hex(checkpointHash(encodeCheckpoint(checkpoint))), `checkpoint of round ${link.round}`)
  }
  for (const { member, disk, state, vault } of world.hospitals) {
    const released = [...disk.own].filter(([, slots]) => slots.has(`release/0/${member}`)).map(([round]) => round)
    t.deepEqual(disk.charges.map(charge => charge.round).sort(), released.sort(), `charges of ${member}`)
    if (disk.links.length < links.length) continue
    t.deepEqual(state.previous, head)
    t.deepEqual(vault.current(), checkpoint)
  }
  return values
}

/** The sum of the inputs of a certified round's contributors. */
export function exactSum(world: World, { sid, members }: Extract<ResultValue, { outcome: 'result' }>): Int32Array {
  const inputs = members.map(member => world.hospitals[member]?.vault.inputs.get(hex(sid)) as Int32Array)
  const sum = new Int32Array(inputs[0]?.length ?? 0)
  for (const input of inputs) for (let word = 0; word < sum.length; word++) sum[word]! += input[word]!
  return sum
}
