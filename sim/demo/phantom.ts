/**
 * Draws chest phantoms: grey 28x28 images that resemble chest X-rays and come from no patient. Those of class 1 have a
 * soft opacity in one lung, as with pneumonia. Exposure, pose, organs and noise vary more than the opacity does, so
 * neither a constant answer nor the mean brightness separates the classes.
 *
 * @module
 */

import { createRandom, type Random } from './random.ts'

export const PHANTOM_SIDE = 28
export const PHANTOM_CLASSES = ['clear', 'opacity'] as const

/** Pictures in one array, row by row, 0 black to 255 white, and their classes. */
export interface Pictures {
  readonly values: Uint8Array
  readonly labels: Uint8Array
}

/** The parameters of one phantom; lengths in widths of the picture. */
interface Anatomy {
  readonly shift: { x: number; y: number }
  readonly turn: number
  readonly body: number
  readonly lung: { width: number; height: number; apart: number; dark: number }
  readonly heart: { x: number; y: number; size: number; bright: number }
  readonly ribs: { count: number; phase: number; slope: number; bright: number }
  readonly exposure: { gain: number; gamma: number; gradient: number }
  readonly blurs: readonly Blur[]
}

/** A soft bright ellipse. */
interface Blur {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly bright: number
}

const NOISE_SIGMA = 0.025
/** Share of phantoms of both classes with a bright spot outside the lungs, which is unrelated to the class. */
const DISTRACTOR_SHARE = 0.5

/** Draws `count` phantoms, half of each class (one more of class 0 when odd), in random order. */
export function drawPhantoms({ count, label }: { count: number; label: string }): Pictures {
  const random = createRandom(`phantoms ${label}`)
  const size = PHANTOM_SIDE ** 2
  const values = new Uint8Array(count * size)
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 2)
  for (let last = count - 1; last > 0; last--) {
    const other = random.below(last + 1)
    ;[labels[last], labels[other]] = [labels[other]!, labels[last]!]
  }
  for (let i = 0; i < count; i++) {
    const anatomy = drawAnatomy(labels[i] === 1, random)
    values.set(render(anatomy, random), i * size)
  }
  return { values, labels }
}

function drawAnatomy(opaque: boolean, random: Random): Anatomy {
  const { between, unit } = random
  const lung = {
    width: between(0.15, 0.18),
    height: between(0.28, 0.34),
    apart: between(0.19, 0.22),
    dark: between(0.35, 0.5),
  }
  const blurs: Blur[] = []
  const side = (): number => (unit() < 0.5 ? -1 : 1)
  if (unit() < DISTRACTOR_SHARE) {
    // a shoulder, a marker, an electrode: outside the lungs
    const y = between(-0.42, 0.42)
    const [width, height] = [between(0.05, 0.12), between(0.05, 0.12)]
    blurs.push({ x: side() * between(0.4, 0.46), y, width, height, bright: between(0.1, 0.3) })
  }
  if (opaque) {
    const angle = between(0, 2 * Math.PI)
    const out = 0.6 * Math.sqrt(unit())
    blurs.push({
      x: side() * lung.apart + Math.cos(angle) * out * lung.width,
      y: Math.sin(angle) * out * lung.height,
      width: between(0.08, 0.13),
      height: between(0.1, 0.18),
      bright: between(0.28, 0.46),
    })
  }
  return {
    shift: { x: between(-0.05, 0.05), y: between(-0.06, 0.06) },
    turn: between(-0.12, 0.12),
    body: between(0.44, 0.52),
    lung,
    heart: { x: between(0.02, 0.07), y: between(0.06, 0.16), size: between(0.11, 0.16), bright: between(0.15, 0.35) },
    ribs: { count: between(5, 7), phase: unit(), slope: between(0.1, 0.35), bright: between(0.03, 0.09) },
    exposure: { gain: between(0.7, 1.15), gamma: between(0.8, 1.25), gradient: between(-0.2, 0.2) },
    blurs,
  }
}

function render(anatomy: Anatomy, random: Random): Uint8Array {
  const picture = new Uint8Array(PHANTOM_SIDE ** 2)
  const { shift, turn, exposure } = anatomy
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)]
  for (let row = 0; row < PHANTOM_SIDE; row++) {
    for (let column = 0; column < PHANTOM_SIDE; column++) {
      const u = (column + 0.5) / PHANTOM_SIDE - 0.5 - shift.x
      const v = (row + 0.5) / PHANTOM_SIDE - 0.5 - shift.y
      const density = densityAt(anatomy, { x: cos * u + sin * v, y: cos * v - sin * u })
      const light = exposure.gain * Math.max(0, density) ** exposure.gamma * (1 + exposure.gradient * 2 * u)
      const value = 255 * (light + random.normal(NOISE_SIGMA))
      picture[row * PHANTOM_SIDE + column] = Math.max(0, Math.min(255, Math.round(value)))
    }
  }
  return picture
}

/** Absorption of the X-ray at one point, 0 to about 1. */
function densityAt({ body, lung, heart, ribs, blurs }: Anatomy, { x, y }: { x: number; y: number }): number {
  const trunk = soft({ x: x / body, y: y / (body * 1.25) }, 0.12)
  if (trunk < 0.01) return 0
  const side = x < 0 ? -1 : 1
  // lungs are narrow above and wide below
  const width = lung.width * (1 + 0.6 * (y / lung.height) * (y < 0 ? 0.7 : 0.2))
  const air = soft({ x: (x - side * lung.apart) / width, y: y / lung.height }, 0.22)
  const spine = 0.1 * Math.exp(-((x / 0.05) ** 2))
  const bow = Math.cos(2 * Math.PI * (ribs.count * (y + ribs.slope * Math.abs(x)) + ribs.phase))
  const rib = ribs.bright * Math.max(0, bow) * air
  const organ = heart.bright * bump({ ...heart, width: heart.size, height: heart.size * 1.2 }, { x, y })
  const found = blurs.reduce((sum, blur) => sum + blur.bright * bump(blur, { x, y }), 0)
  return trunk * (0.62 - lung.dark * air + spine + rib + organ + found)
}

/** 1 inside the unit ellipse, 0 outside, with an edge of the given softness. */
function soft({ x, y }: { x: number; y: number }, edge: number): number {
  return 1 / (1 + Math.exp((Math.hypot(x, y) - 1) / (edge / 2)))
}

function bump(at: { x: number; y: number; width: number; height: number }, { x, y }: { x: number; y: number }): number {
  return Math.exp(-(((x - at.x) / at.width) ** 2) - ((y - at.y) / at.height) ** 2)
}
