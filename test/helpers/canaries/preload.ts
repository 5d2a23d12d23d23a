/** Plants one of the leaks: `node --import`. @module */

import { plantFrom } from '../tree/plant.ts'
import { LEAKS } from './plants.ts'

plantFrom(LEAKS)
