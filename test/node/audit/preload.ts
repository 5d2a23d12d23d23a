/** Plants noise that is four times too small into rehearsals: `node --import`. @module */

import { plantFrom } from '../../helpers/plant.ts'

plantFrom([
  {
    name: 'noise-over-four',
    file: 'node/audit/rehearsal.ts',
    find: 'if (sigma > 0) addDiscreteGaussian(words, sigma, rng)',
    replace: 'if (sigma > 0) addDiscreteGaussian(words, Math.round(sigma / 4), rng)',
  },
])
