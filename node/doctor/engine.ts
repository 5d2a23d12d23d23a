/** Whether the tensor engine of the config loads. @module */

import { type DoctorCheck, notChecked, passed, valueIn } from './check.ts'

export const engineCheck: DoctorCheck = {
  name: 'engine',
  isCheap: false,
  of: 'folder',
  async run({ config }) {
    const engine = valueIn(config)?.training.engine
    if (engine === undefined) return [notChecked('the config cannot be read')]
    const { loadBackend } = await import('../training/backend.ts')
    const loaded = await loadBackend({ engine })
    return [passed(`${loaded.engine} loads (training.engine is ${JSON.stringify(engine)})`)]
  },
}
