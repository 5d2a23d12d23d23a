// Claims: the battery's own, on the product as it is.

import test from 'ava'
import { BATTERY } from './battery.ts'

for (const { name, claim, run } of BATTERY) {
  test.serial(`${name}: ${claim}`, async t => {
    const { wrong, measured } = await run()
    t.log(measured)
    t.is(wrong, null)
  })
}
