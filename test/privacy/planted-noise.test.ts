// Claims: each bug of the noise is seen by the check that is there for it.

import { testPlants } from './planted/hunting.ts'
import { NOISE_PLANTS } from './planted/noise-plants.ts'

testPlants(NOISE_PLANTS)
