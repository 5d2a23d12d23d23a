/**
 * Carries out what the state machine of a simulated hospital asks for, in its order, with a chance to be killed before
 * every effect; and lets a liar's script do something else instead.
 *
 * @module
 */

import { hex } from '../../protocols/immutable.ts'
import { encodeBody } from '../../protocols/messages/messages.ts'
import type { Effect } from '../../protocols/round/effects.ts'
import type { RoundJob, RoundOutput } from '../../protocols/secure-sum/jobs.ts'
import { noiseModeOf } from '../../protocols/study/noise/list.ts'
import type { AdversaryIo } from './adversary.ts'
import type { CrashPoint, EffectRunnerApi, WorldApi } from './api.ts'
import { committedInput, rosterOf, type SimulatedHospital } from './hospital.ts'
import { describeNotice } from './trace-text.ts'

const TRAIN_MS = { low: 10, high: 50 }
const JOB_MS = { low: 1, high: 6 }

export interface EffectRunnerOptions {
  /** the clipped, quantised sum that a hospital's training gives in a round; called anew after a restart */
  readonly update: (index: number, round: number) => Int32Array
}

export class EffectRunner implements EffectRunnerApi {
  readonly #world: WorldApi
  readonly #options: EffectRunnerOptions
  readonly #ios = new Map<SimulatedHospital, AdversaryIo>()

  constructor(world: WorldApi, options: EffectRunnerOptions) {
    this.#world = world
    this.#options = options
  }

  perform(hospital: SimulatedHospital, effects: readonly Effect[]): void {
    const { epoch } = hospital
    const adversary = this.#world.adversaryOf(hospital)
    for (const effect of effects) {
      const chosen = adversary?.intercept?.(effect, this.ioOf(hospital)) ?? [effect]
      for (const one of chosen) {
        if (!hospital.alive || hospital.epoch !== epoch) return
        if (this.crashes(hospital, one.type)) return
        this.#world.check(hospital, checker => checker.effect?.(hospital, one))
        this.#world.inspect(hospital, one)
        this.#performOne(hospital, one)
      }
    }
  }

  /** What a liar's script may do in the world. */
  ioOf(hospital: SimulatedHospital): AdversaryIo {
    const io = this.#ios.get(hospital) ?? this.#createIo(hospital)
    this.#ios.set(hospital, io)
    return io
  }

  #createIo(hospital: SimulatedHospital): AdversaryIo {
    const world = this.#world
    return {
      get now() {
        return world.now
      },
      random: world.dice.fork(`liar ${hospital.index}`),
      hospital,
      hospitals: world.hospitals,
      sign: body => hospital.context.seal(encodeBody(body)),
      send: (to, bytes) => world.push(hospital, to, bytes),
      transmit: (to, packet) => world.network.send(hospital, to, packet),
      publish: bytes => world.gossip.publish(hospital, bytes),
      after: (delayMs, run) => world.later(hospital, delayMs, run),
    }
  }

  /** Asks whether the hospital dies here, and kills it. */
  crashes(hospital: SimulatedHospital, point: CrashPoint): boolean {
    if (!this.#world.crashes(hospital, point)) return false
    this.#world.tell(hospital, `crashes at ${point}`)
    this.#world.kill(hospital.index)
    return true
  }

  #performOne(hospital: SimulatedHospital, effect: Effect): void {
    const world = this.#world
    switch (effect.type) {
      case 'store': {
        hospital.disk.write(effect.entries)
        const links = effect.entries.flatMap(entry => (entry.kind === 'link' ? [entry.link] : []))
        const complete = hospital.state.awaited === null && rosterOf(hospital).ranks.has(hospital.peer)
        if (links.length > 0) hospital.vault.adopt(links, { complete })
        return
      }
      case 'publish':
        hospital.published.push(effect.bytes)
        return world.gossip.publish(hospital, effect.bytes)
      case 'train':
        return this.#train(hospital, effect.round)
      case 'compute':
        return this.#compute(hospital, effect.job)
      case 'send':
        return world.transfer.upload(hospital, effect)
      case 'pull':
        return world.transfer.pull(hospital, effect)
      case 'recall':
        return world.antiEntropy.recall(hospital, effect.from)
      case 'compare': {
        const other = world.hospitalAt(hospital, effect.with)
        if (other !== undefined) world.antiEntropy.compare(hospital, other)
        return
      }
      case 'schedule': {
        const { round, timer, afterMs } = effect
        return world.later(hospital, afterMs, () => {
          // a round's timers end with it
          if (hospital.state.round === round) world.step(hospital, { type: 'tick', round, timer })
        })
      }
      case 'emit':
        hospital.notices.push(effect.notice)
        return world.tell(hospital, describeNotice(effect.notice))
      case 'blame': {
        const { member, peer, code } = effect
        hospital.blames.push({ member, code, peer })
        world.tell(hospital, `blames ${world.hospitals.find(one => one.peer === peer)?.index}: ${code}`)
      }
    }
  }

  #train(hospital: SimulatedHospital, round: number): void {
    this.#world.later(hospital, this.#world.dice.between(TRAIN_MS.low, TRAIN_MS.high), () => {
      if (hospital.state.round !== round) return
      hospital.vault.updates.set(round, this.#options.update(hospital.index, round))
      this.#world.step(hospital, { type: 'trained', round })
    })
  }

  #compute(hospital: SimulatedHospital, job: RoundJob): void {
    this.#world.later(hospital, this.#world.dice.between(JOB_MS.low, JOB_MS.high), () => {
      const { vault } = hospital
      const adversary = this.#world.adversaryOf(hospital)
      const given = hospital.run(job)
      if (given.kind === 'prepare') this.#world.exchange.learn(vault.secrets(job.round).secret, given.key)
      if (job.kind === 'mask' && given.kind === 'mask') this.#note(hospital, job)
      // a vault that was only read has nothing to lose
      if (vault.staged && this.crashes(hospital, 'written')) return
      vault.sync()
      if (this.crashes(hospital, 'computed')) return
      const output = adversary?.output?.(job, given, this.ioOf(hospital)) ?? given
      this.#answer(hospital, job, output)
    })
  }

  #answer(hospital: SimulatedHospital, job: RoundJob, output: RoundOutput): void {
    this.#world.check(hospital, checker => checker.output?.(hospital, job, output))
    this.#world.step(hospital, { type: 'computed', round: job.round, output })
  }

  /** With noise, what a hospital put in is known only from what it masked. */
  #note(hospital: SimulatedHospital, job: Extract<RoundJob, { kind: 'mask' }>): void {
    const { document, exchange } = this.#world
    if (!noiseModeOf(document.privacy).isPrivate || !hospital.vault.staged) return
    hospital.vault.inputs.set(hex(job.session.sid), committedInput(hospital, job, { document, exchange }))
  }
}
