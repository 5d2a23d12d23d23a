/** Hospitals are admitted, removed, and change their keys while the study runs. @module */

import { decodeResultValue } from '../../protocols/messages/result-value.ts'
import { decodeChange, encodeChange, fits, type RosterChange } from '../../protocols/roster/change.ts'
import type { Roster } from '../../protocols/roster/roster.ts'
import { newestOf, rosterOf } from '../world/hospital.ts'
import type { Random } from '../world/random.ts'
import type { World } from '../world/world.ts'
import { boundMs, calmMs, type Scenario, startAll } from './scenario.ts'
import { drawStudy } from './study.ts'

const NEWCOMERS = 2
const APPROVE_MS_MAX = 3000
const TRY_AGAIN_MS = 500

/** Draws a roster change with which the study can continue. */
function drawChange(world: World, roster: Roster, random: Random): Uint8Array | undefined {
  const used = new Set(world.hospitals.flatMap(({ disk }) => disk.links.flatMap(namedBy)))
  const newcomer = world.hospitals.find(({ peer, signer }) => !roster.ranks.has(peer) && !used.has(String(signer.id)))
  const old = random.pick(roster.hospitals)
  const changes: RosterChange[] = [{ kind: 'remove', id: old.id }]
  if (newcomer !== undefined) {
    const hospital = { id: newcomer.signer.id, name: `Newcomer ${newcomer.index}`, addresses: [] }
    changes.push({ kind: 'admit', hospital }, { kind: 'rotate', id: old.id, hospital })
  }
  const [change] = random.sample(changes, changes.length).map(encodeChange)
  return change !== undefined && fits(world.document, roster, change) ? change : undefined
}

/** Keys that a certified change names, because a removed key may not return. */
function namedBy({ value: wire }: { readonly value: Uint8Array }): string[] {
  const value = decodeResultValue(wire)
  const change = value.outcome === 'result' && value.change !== null ? decodeChange(value.change) : null
  return change !== null && change.kind !== 'remove' ? [String(change.hospital.id)] : []
}

/** Makes operators approve one change after the other, each at a random time. */
function changeOften(world: World, random: Random, times: number): void {
  if (times === 0) return
  const roster = rosterOf(newestOf(world))
  const change = drawChange(world, roster, random)
  if (change === undefined) return world.after(TRY_AGAIN_MS, () => changeOften(world, random, times - 1))
  for (const { index, peer } of world.hospitals) {
    if (!roster.ranks.has(peer)) continue
    world.after(random.between(0, APPROVE_MS_MAX), () => {
      if (world.hospitals[index]?.alive) world.approve(index, change)
    })
  }
  const wait = (): void => {
    if (rosterOf(newestOf(world)).version > roster.version) changeOften(world, random, times - 1)
    else world.after(TRY_AGAIN_MS, wait)
  }
  wait()
}

export const ROSTER: Scenario = {
  name: 'roster',
  summary: 'hospitals are admitted, removed, and get new keys, one to three times, with no coordinator',
  plan: random => {
    const study = {
      ...drawStudy(random, { hospitalsMin: 5, hospitalsMax: 8, roundsMin: 4, roundsMax: 5 }),
      colluders: 1,
    }
    const delayMs = random.between(1, 50)
    return {
      study,
      newcomers: NEWCOMERS,
      network: { delayMs, loss: random.between(0, 0.1) },
      withinMs: 2 * boundMs(study),
      begin: (world, dice) => {
        startAll(world, dice)
        const times = dice.whole(1, 3)
        world.after(dice.between(200, 200 + calmMs(study, delayMs)), () => changeOften(world, dice, times))
      },
    }
  },
}
