/** A map of occlusion as a picture: the image as the model saw it, beside it the same under the map, and a legend. @module */

import { encode } from 'fast-png'
import { colourOf } from './colour-map.ts'
import { lineHeight, writeText } from './letters.ts'
import type { Occluded, OcclusionMap } from './occlusion.ts'
import { NOTICE } from './predict.ts'

/** Smaller images are enlarged to about this side, by whole pixels. */
const SIDE_MIN = 384
const MARGIN = 12
const LEGEND_WIDTH = 16
const LEGEND_TEXT_WIDTH = 96
const SCALE = 2
/** Share of the map in the colour of a pixel. */
const MAP_SHARE = 0.55
const WHITE = 255

/** What the picture says in words. */
export interface HeatMapText {
  /** name of the class */
  readonly category: string
  readonly probability: number
  /** hex */
  readonly study: string
  readonly checkpoint: string
}

/**
 * Draws the map. Its scale begins at 0: what speaks against the class has the colour of what does not matter.
 *
 * @returns bytes of a PNG; its text says what the picture is
 */
export function drawHeatMap(image: Occluded, map: OcclusionMap, text: HeatMapText): Uint8Array {
  const { height, width, drops } = map
  const zoom = Math.max(1, Math.ceil(SIDE_MIN / Math.max(height, width)))
  const [tall, wide] = [height * zoom, width * zoom]
  const total = 4 * MARGIN + 2 * wide + LEGEND_WIDTH + LEGEND_TEXT_WIDTH
  const canvas = createCanvas(total, 2 * MARGIN + tall + 3 * lineHeight(SCALE))
  const highest = drops.reduce((most, drop) => Math.max(most, drop), 0)
  for (let y = 0; y < tall; y++) {
    for (let x = 0; x < wide; x++) {
      const pixel = Math.floor(y / zoom) * width + Math.floor(x / zoom)
      const seen = shadeOf(image, pixel)
      const heat = colourOf(highest === 0 ? 0 : drops[pixel]! / highest)
      canvas.set(MARGIN + x, MARGIN + y, seen)
      const mixed = seen.map((part, at) => (1 - MAP_SHARE) * part + MAP_SHARE * heat[at]!)
      canvas.set(2 * MARGIN + wide + x, MARGIN + y, mixed as [number, number, number])
    }
  }
  drawLegend(canvas, { left: 3 * MARGIN + 2 * wide, height: tall, highest })
  const lines = [
    `Evidence for ${text.category}, probability ${text.probability.toFixed(3)}`,
    'Colour: drop of the log-odds where hidden',
    'Research tool, not a medical device',
  ]
  for (const [line, words] of lines.entries()) {
    canvas.write(words, { left: MARGIN, top: MARGIN + tall + MARGIN / 2 + line * lineHeight(SCALE) })
  }
  const { data, width: across, height: down } = canvas
  const said = { Title: `Heat map by occlusion, ${text.study} ${text.checkpoint}`, Warning: NOTICE }
  return encode({ width: across, height: down, data, depth: 8, channels: 3, text: said })
}

interface Canvas {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
  readonly set: (x: number, y: number, colour: readonly [number, number, number]) => void
  readonly write: (text: string, place: { left: number; top: number }) => void
}

function createCanvas(width: number, height: number): Canvas {
  const data = new Uint8Array(width * height * 3).fill(WHITE)
  const set = (x: number, y: number, colour: readonly [number, number, number]): void => {
    if (x < width && y < height) data.set(colour, (y * width + x) * 3)
  }
  const write = (text: string, { left, top }: { left: number; top: number }): void =>
    writeText(text, { left, top, scale: SCALE }, (x, y) => set(x, y, [0, 0, 0]))
  return { width, height, data, set, write }
}

function drawLegend(
  canvas: Canvas,
  { left, height, highest }: { left: number; height: number; highest: number },
): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < LEGEND_WIDTH; x++) canvas.set(left + x, MARGIN + y, colourOf(1 - y / (height - 1)))
  }
  const beside = left + LEGEND_WIDTH + MARGIN / 2
  canvas.write(highest.toPrecision(3), { left: beside, top: MARGIN })
  canvas.write((highest / 2).toPrecision(3), { left: beside, top: MARGIN + height / 2 - lineHeight(SCALE) / 2 })
  canvas.write('0', { left: beside, top: MARGIN + height - lineHeight(SCALE) })
}

/** Grey of other than three channels is their mean. */
function shadeOf({ shape, values }: Occluded, pixel: number): [number, number, number] {
  const channels = shape[2]
  const own = Array.from(values.subarray(pixel * channels, (pixel + 1) * channels), value => WHITE * value)
  if (channels === 3) return own as [number, number, number]
  const grey = own.reduce((sum, value) => sum + value, 0) / channels
  return [grey, grey, grey]
}
