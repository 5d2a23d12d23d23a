/** Faults that a scenario can inject into a simulated world. @module */

import type { Random } from '../world/random.ts'
import type { SimulatedHospital, Snapshot, World } from '../world/world.ts'

/** Starts a hospital after `downMs`, unless it has been started meanwhile. */
function restartLater(world: World, index: number, downMs: number): void {
  world.after(downMs, () => {
    if (!world.hospitals[index]?.alive) world.start(index)
  })
}

/** One kill: the victim's effect or job, counted over all its lives, and its downtime; null: it never restarts. */
export interface Kill {
  readonly index: number
  readonly point: number
  readonly downMs: number | null
}

/** Approximate number of effects and jobs of one hospital in one round. */
export function pointsPerRound(hospitals: number): number {
  return 45 + 8 * hospitals
}

/** Kills hospitals at the given points. */
export function killAtPoints(world: World, kills: readonly Kill[]): void {
  const passed = new Map<number, number>()
  const before = world.crashes
  world.crashes = (hospital, point) => {
    const { index } = hospital
    const at = passed.get(index) ?? 0
    passed.set(index, at + 1)
    const kill = kills.find(one => one.index === index && one.point === at)
    if (kill === undefined) return before(hospital, point)
    if (kill.downMs !== null) restartLater(world, index, kill.downMs)
    return true
  }
}

/** Kills a hospital the first time that a condition holds for it. */
export function killWhen(
  world: World,
  { index, when, downMs }: { index: number; when: (hospital: SimulatedHospital) => boolean; downMs: number | null },
): void {
  const before = world.crashes
  let done = false
  world.crashes = (hospital, point) => {
    if (done || hospital.index !== index || !when(hospital)) return before(hospital, point)
    done = true
    if (downMs !== null) restartLater(world, index, downMs)
    return true
  }
}

/** Kills a hospital now, if it runs. */
export function killNow(world: World, index: number, downMs: number): void {
  if (!world.hospitals[index]?.alive) return
  world.kill(index)
  restartLater(world, index, downMs)
}

/** Cuts lines at a time and restores all lines later. */
export function cutFor(
  world: World,
  { at, forMs, from, to }: { at: number; forMs: number; from: readonly number[]; to: readonly number[] },
): void {
  world.after(at, () => world.cut(from, to))
  world.after(at + forMs, () => world.heal())
}

/** Rolls a hospital's disk back to an earlier snapshot. */
export function rollBack(
  world: World,
  { index, savedAt, killedAt, downMs }: { index: number; savedAt: number; killedAt: number; downMs: number },
): void {
  let saved: Snapshot | undefined
  world.after(savedAt, () => {
    saved = world.snapshot(index)
  })
  world.after(killedAt, () => {
    if (saved === undefined) return
    if (world.hospitals[index]?.alive) world.kill(index)
    world.rollBack(index, saved)
    restartLater(world, index, downMs)
  })
}

/** Replaces a hospital's machine by a new one, restored from a backup of an earlier time. */
export function restoreBackup(
  world: World,
  { index, savedAt, killedAt, downMs }: { index: number; savedAt: number; killedAt: number; downMs: number },
): void {
  let saved: Snapshot | undefined
  world.after(savedAt, () => {
    saved = world.snapshot(index)
  })
  world.after(killedAt, () => {
    if (saved === undefined) return
    if (world.hospitals[index]?.alive) world.kill(index)
    world.restoreBackup(index, saved)
    restartLater(world, index, downMs)
  })
}

/** Draws the two sides of a partition. */
export function drawSides(random: Random, hospitals: number): [number[], number[]] {
  const all = Array.from({ length: hospitals }, (_, index) => index)
  const one = random.sample(all, random.whole(1, hospitals - 1))
  return [one, all.filter(index => !one.includes(index))]
}
