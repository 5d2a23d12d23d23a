/**
 * Runs one scenario on one seed to its end, under all checkers.
 *
 * @module
 */

import { WORD_ABS_MAX } from '../../crypto/fixed-point.ts'
import { sha256 } from '../../crypto/hash.ts'
import { noiseModeOf } from '../../protocols/study/noise/list.ts'
import { planStudy, sumIn } from '../../protocols/study/plan.ts'
import { lastRound } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { CHECKERS } from '../checkers/list.ts'
import { allFinished, termination } from '../checkers/termination.ts'
import { type Plan, type Scenario, startAll } from '../scenarios/scenario.ts'
import { studyOf } from '../scenarios/study.ts'
import type { CheckerFactory } from '../world/api.ts'
import { PACKET_KINDS } from '../world/packet.ts'
import { Random } from '../world/random.ts'
import { createKeyring } from '../world/signer.ts'
import { Violation } from '../world/violation.ts'
import { World } from '../world/world.ts'

export interface Failure {
  /** number in secure-aggregation.md, "Invariants"; null for a crash of the code under test */
  readonly invariant: number | null
  readonly what: string
  readonly hospital: number | null
  readonly round: number | null
  /** virtual milliseconds */
  readonly at: number | null
  readonly stack: string
}

export interface Outcome {
  readonly scenario: string
  readonly seed: number
  readonly failure: Failure | null
  /** virtual milliseconds */
  readonly endedAt: number
  readonly certified: { readonly results: number; readonly voids: number }
}

export interface RunOptions {
  readonly scenario: Scenario
  readonly seed: number
  /** called with every line of the trace */
  readonly tell?: (line: string) => void
  readonly checkers?: readonly CheckerFactory[]
  /** changes the world before it begins: for tests of the checkers and of the search for faults */
  readonly tamper?: (world: World) => void
}

/** Draws a new integer vector for every training, so that the sum reveals a mix-up of two. */
function updates(random: Random, document: StudyDocument) {
  const plan = planStudy(document)
  const noisy = noiseModeOf(document.privacy).noisesSums
  // beyond what any clamp lets through: where the noise is, it must reach beyond the clamp
  const large = noisy && random.chance(0.2)
  const most = large ? WORD_ABS_MAX : 2 ** 19
  return (_index: number, round: number): Int32Array =>
    Int32Array.from({ length: sumIn(plan, round).dimension }, () => random.whole(-most, most))
}

function createWorld(plan: Plan, random: Random, { tell, checkers = CHECKERS }: RunOptions): World {
  const { study, newcomers = 0, network = {}, gossip = 'direct', epsilonMax, liars } = plan
  const { signers, verify } = createKeyring(study.hospitals + newcomers, random.fork('keys'))
  const document = studyOf(study, signers)
  const adversaries = new Map(
    [...(liars ?? [])].map(([index, create]) => [index, create(random.fork(`liar ${index}`))]),
  )
  return new World({
    document,
    signers,
    verify,
    network,
    gossip,
    adversaries,
    seed: sha256(Buffer.from(random.label)),
    update: updates(random.fork('updates'), document),
    epsilonMax: index => epsilonMax?.get(index),
    checkers: [...[...checkers, ...(plan.checkers ?? [])].map(create => create()), termination(plan)],
    ...(tell !== undefined && { tell }),
  })
}

/** Describes the world, for the first lines of a trace. */
function introduce(world: World, { study, network }: Plan): void {
  const { hospitals, profile, rounds, colluders, noise } = study
  const { quorum, contributorsMin, dimension } = planStudy(world.document)
  world.tell(
    null,
    `${hospitals} hospitals, ${profile} profile: quorum ${quorum}, at least ${contributorsMin} contributors`,
  )
  world.tell(null, `${rounds} rounds of ${dimension} words, ${colluders} colluders withstood, noise ${noise}`)
  world.tell(null, `network ${JSON.stringify(network ?? {})}`)
  for (const hospital of world.hospitals) {
    const adversary = world.adversaryOf(hospital)
    if (adversary !== null) world.tell(null, `hospital ${hospital.index} lies: ${adversary.name}`)
  }
  world.tell(null, `timing ${JSON.stringify(study.timing)}`)
}

/** Sums up the traffic, for the last lines of a trace. */
function conclude(world: World): void {
  const rounds = world.hospitals.length * lastRound(world.document)
  for (const kind of PACKET_KINDS) {
    const { packets, bytes } = world.network.traffic.total({ kind })
    if (packets === 0) continue
    const each = `${(packets / rounds).toFixed(1)} packets and ${(bytes / rounds / 1000).toFixed(2)} kB`
    world.tell(null, `${kind}: ${each} sent by each hospital in each round`)
  }
  world.tell(null, 'the end')
}

function failureOf(error: unknown): Failure {
  const violation = error instanceof Violation ? error : new Violation(null, String(error), { cause: error })
  const { cause, message, stack } = violation
  const origin = cause instanceof Error ? (cause.stack ?? '') : (stack ?? '')
  const { invariant, hospital, round, at } = violation
  return { invariant, what: message, hospital, round, at, stack: origin }
}

/** Results and VOIDs of the longest transcript. */
function certifiedIn(world: World): Outcome['certified'] {
  const longest = Math.max(...world.hospitals.map(({ disk }) => disk.links.length))
  const best = world.hospitals.find(({ disk }) => disk.links.length === longest)
  const notices = best?.notices.filter(notice => notice.kind === 'completed') ?? []
  const rounds = new Map(notices.map(({ round, outcome }) => [round, outcome]))
  const voids = [...rounds.values()].filter(outcome => outcome === 'void').length
  return { results: longest - voids, voids }
}

/** Runs one seed. The same options give the same outcome and the same trace. */
export function runSeed(options: RunOptions): Outcome {
  const { scenario, seed, tamper } = options
  const random = new Random(`${scenario.name} ${seed}`)
  const plan = scenario.plan(random.fork('plan'))
  const world = createWorld(plan, random, options)
  let failure: Failure | null = null
  try {
    introduce(world, plan)
    tamper?.(world)
    const begin = plan.begin ?? startAll
    begin(world, random.fork('faults'))
    world.finishes(() => allFinished(world, plan.gone), plan.withinMs)
    world.end()
    conclude(world)
  } catch (error) {
    failure = failureOf(error)
    world.tell(null, `FAILURE ${failure.what}`)
  }
  return { scenario: scenario.name, seed, failure, endedAt: world.now, certified: certifiedIn(world) }
}
