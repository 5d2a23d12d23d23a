// Claims of node/datasets/images/{resize,grey}.ts: area means in fixed arithmetic, and what the fits do.
import test from 'ava'
import fc from 'fast-check'
import { lumaOf, scaled } from '../../../../node/datasets/images/grey.ts'
import { type Pixels, resized } from '../../../../node/datasets/images/resize.ts'

const grey = (height: number, width: number, values: number[]): Pixels => ({
  ...{ height, width, channels: 1 },
  values: Float32Array.from(values),
  levels: null,
})
const side = fc.integer({ min: 1, max: 24 })
const channelCount = fc.constantFrom(1, 3)
const pixels = fc.tuple(side, side, channelCount).chain(([height, width, channels]) =>
  fc
    .array(fc.integer({ min: 0, max: 255 }), {
      minLength: height * width * channels,
      maxLength: height * width * channels,
    })
    .map(values => ({ height, width, channels, values: scaled(values, [0, 255]), levels: null })),
)

test('an image of the same size is the same, bit for bit', t => {
  fc.assert(
    fc.property(pixels, fc.constantFrom('stretch', 'pad', 'crop'), (image, fit) => {
      t.deepEqual(resized(image, image, fit), image.values)
    }),
  )
})

test('area means keep the mean of each channel', t => {
  fc.assert(
    fc.property(pixels, side, side, (image, height, width) => {
      const values = resized(image, { height, width }, 'stretch')
      for (let channel = 0; channel < image.channels; channel += 1) {
        const means = [image.values, values].map(all => {
          const own = all.filter((_, index) => index % image.channels === channel)
          return own.reduce((sum, value) => sum + value, 0) / own.length
        })
        t.true(Math.abs(means[0]! - means[1]!) < 1e-6)
      }
    }),
  )
})

test('one grey stays that grey, bit for bit, in every size', t => {
  fc.assert(
    fc.property(side, side, side, side, fc.integer({ min: 0, max: 65_535 }), (height, width, rows, columns, value) => {
      const image = {
        height,
        width,
        channels: 1,
        values: scaled(Array(height * width).fill(value), [0, 65_535]),
        levels: null,
      }
      const values = resized(image, { height: rows, width: columns }, 'stretch')
      t.true(values.every(each => each === image.values[0]))
    }),
  )
  const large = {
    height: 3001,
    width: 2999,
    channels: 1,
    values: new Float32Array(3001 * 2999).fill(1 / 3),
    levels: null,
  }
  t.true(resized(large, { height: 64, width: 64 }, 'stretch').every(value => value === Math.fround(1 / 3)))
})

test('a mean is the one that the areas give, computed by hand', t => {
  // 3 columns to 2: the middle one belongs to each by half
  t.deepEqual([...resized(grey(1, 3, [3, 6, 12]), { height: 1, width: 2 }, 'stretch')], [4, 10])
  // 2 to 3: the middle covers half of each
  t.deepEqual([...resized(grey(1, 2, [2, 4]), { height: 1, width: 3 }, 'stretch')], [2, 3, 4])
  t.deepEqual([...resized(grey(2, 2, [1, 2, 3, 6]), { height: 1, width: 1 }, 'stretch')], [3])
  // from fractions in Python
  const five = grey(
    5,
    5,
    Array.from({ length: 25 }, (_, index) => index * index),
  )
  t.deepEqual(
    [...resized(five, { height: 2, width: 3 }, 'stretch')],
    [33.6, 50.4, 72, 283.2, 338.4, 398.4].map(Math.fround),
  )
})

test('a mean agrees with one over exact fractions of every source pixel', t => {
  fc.assert(
    fc.property(pixels, side, side, (image, height, width) => {
      const overlap = (from: number, to: number, at: number, pixel: number): number =>
        Math.max(0, Math.min(((at + 1) * from) / to, pixel + 1) - Math.max((at * from) / to, pixel))
      const values = resized(image, { height, width }, 'stretch')
      for (let y = 0; y < height; y += 1) {
        for (let x = 0; x < width; x += 1) {
          let [sum, area] = [0, 0]
          for (let row = 0; row < image.height; row += 1) {
            for (let column = 0; column < image.width; column += 1) {
              const weight = overlap(image.height, height, y, row) * overlap(image.width, width, x, column)
              sum += weight * image.values[(row * image.width + column) * image.channels]!
              area += weight
            }
          }
          t.true(Math.abs(values[(y * width + x) * image.channels]! - sum / area) < 1e-6)
        }
      }
    }),
    { numRuns: 30 },
  )
})

test('pad puts all of it in the middle of black, crop takes the middle, and stretch all of it', t => {
  const wide = grey(2, 4, [1, 2, 3, 4, 5, 6, 7, 8])
  const square = { height: 4, width: 4 }
  t.deepEqual([...resized(wide, square, 'pad')], [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0])
  t.deepEqual([...resized(wide, { height: 2, width: 2 }, 'crop')], [2, 3, 6, 7])
  t.deepEqual([...resized(wide, { height: 2, width: 2 }, 'stretch')], [1.5, 3.5, 5.5, 7.5])
  const tall = grey(4, 1, [1, 2, 3, 4])
  t.deepEqual([...resized(tall, { height: 2, width: 2 }, 'pad')], [1.5, 0, 3.5, 0])
  t.deepEqual([...resized(tall, { height: 1, width: 1 }, 'crop')], [2])
})

test('stored values with what they stand for give what those give', t => {
  fc.assert(
    fc.property(pixels, side, side, (image, height, width) => {
      const stored = Uint8Array.from(image.values, value => Math.round(value * 255))
      const levels = scaled(
        Uint8Array.from({ length: 256 }, (_, value) => value),
        [0, 255],
      )
      const target = { height, width }
      t.deepEqual(resized({ ...image, values: stored, levels }, target, 'pad'), resized(image, target, 'pad'))
    }),
  )
})

test('no ratio of sides is too extreme for a fit', t => {
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 999), fc.constantFrom(1, 3, 1000), side, side, (rows, columns, height, width) => {
      const image = {
        height: rows,
        width: columns,
        channels: 1,
        values: new Float32Array(rows * columns).fill(1),
        levels: null,
      }
      for (const fit of ['pad', 'crop', 'stretch'] as const) {
        const values = resized(image, { height, width }, fit)
        t.true(values.every(value => value === 1 || (fit === 'pad' && value === 0)))
        t.true(values.includes(1))
      }
    }),
    { numRuns: 50 },
  )
})

test('the luma of grey written as colour is that grey, and a colour has whole numbers', t => {
  const all = Uint16Array.from({ length: 3 * 65_536 }, (_, index) => Math.floor(index / 3))
  t.true(lumaOf(all).every((value, index) => value === index))
  t.deepEqual([...lumaOf(Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255))], [76, 150, 29])
})

test('values outside of a range are clipped to its ends', t => {
  t.deepEqual([...scaled([-5, 0, 5, 10, 11], [0, 10])], [0, 0, 0.5, 1, 1])
  t.deepEqual([...scaled([51], [0, 255])], [Math.fround(0.2)])
})
