/** Plants one of the bugs: `node --import`. @module */

import { plantFrom } from '../../helpers/tree/plant.ts'
import { PLANTS } from './plants.ts'

plantFrom(PLANTS)
