// Claims of node/prediction/heat-map.ts and colour-map.ts: the picture has the image, the map, a legend and what it is.
import test from 'ava'
import { decode } from 'fast-png'
import { colourOf } from '../../../node/prediction/colour-map.ts'
import { drawHeatMap } from '../../../node/prediction/heat-map.ts'
import { NOTICE } from '../../../node/prediction/predict.ts'

/** CIE L*, of an sRGB colour. */
function lightnessOf(colour: readonly number[]): number {
  const [red, green, blue] = colour.map(part => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  const luminance = 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
  return luminance > 0.008856 ? 116 * Math.cbrt(luminance) - 16 : 903.3 * luminance
}

test('equal steps of the colour map are nearly equal steps of lightness', t => {
  const lightness = Array.from({ length: 21 }, (_, at) => lightnessOf(colourOf(at / 20)))
  const steps = lightness.slice(1).map((one, at) => one - lightness[at]!)
  const mean = (lightness.at(-1)! - lightness[0]!) / steps.length
  t.true(mean > 3.5)
  for (const step of steps) t.true(step > 0.6 * mean && step < 1.4 * mean, String(step))
  t.deepEqual([colourOf(-1), colourOf(2)], [colourOf(0), colourOf(1)])
})

test('the map colours the second picture, the first is as the model saw it, and the text warns', t => {
  const image = { shape: [2, 2, 1] as const, values: Float32Array.of(0, 1, 0.5, 0.25) }
  const map = { height: 2, width: 2, drops: Float32Array.of(4, 0, -3, 2) }
  const text = { category: 'ill', probability: 0.9, study: 'ab', checkpoint: 'cd' }
  const png = decode(drawHeatMap(image, map, text))
  const at = (x: number, y: number) =>
    Array.from(png.data.subarray((y * png.width + x) * 3, (y * png.width + x) * 3 + 3))
  t.deepEqual(at(12, 12), [0, 0, 0])
  t.deepEqual(at(12 + 200, 12), [255, 255, 255])
  const second = 24 + 384
  t.deepEqual(
    at(second, 12),
    colourOf(1).map(part => Math.trunc(0.55 * part)),
  )
  // what speaks against the class has the colour of nothing
  t.deepEqual(
    at(second, 12 + 200),
    colourOf(0).map(part => Math.trunc(0.45 * 127.5 + 0.55 * part)),
  )
  t.is(png.text['Warning'], NOTICE)
  t.is(png.text['Title'], 'Heat map by occlusion, ab cd')
  t.notThrows(() => drawHeatMap(image, { ...map, drops: new Float32Array(4) }, text))
})
