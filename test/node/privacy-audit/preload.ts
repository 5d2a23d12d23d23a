/** Plants noise that is four times too small into rehearsals: `node --import`. @module */

import { plantFrom } from '../../helpers/tree/plant.ts'

plantFrom([
  {
    name: 'noise-over-four',
    file: 'protocols/secure-sum/masking.ts',
    find: 'if (sigma > 0) addDiscreteGaussian(noised, sigma, rng)',
    replace: 'if (sigma > 0) addDiscreteGaussian(noised, Math.round(sigma / 4), rng)',
  },
])
