/** Runs one check of the battery and prints what it says as JSON: `node hunt.ts CHECK`. @module */

import { isPlanted } from '../../helpers/tree/plant.ts'
import { BATTERY } from '../battery.ts'

const check = BATTERY.find(({ name }) => name === process.argv[2])
if (check === undefined) throw new Error(`there is no check ${process.argv[2]}`)
const found = await check.run().catch((error: Error) => ({ wrong: null, measured: '', threw: error.message }))
process.stdout.write(JSON.stringify({ ...found, planted: isPlanted() }), () => process.exit())
