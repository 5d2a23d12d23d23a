/** What `confrere predict --via PASS` predicts with: the hospitals of a pass. @module */

import { randomFillSync } from 'node:crypto'
import { hex } from '../../../protocols/immutable.ts'
import { readPassFile } from '../../prediction/via/pass-file.ts'
import { PrivateScorer } from '../../prediction/via/private-scorer.ts'
import { ViaClient } from '../../prediction/via/via-client.ts'
import type { Predictor } from '../predictor.ts'

/**
 * Connects to the hospitals of a pass. What they do, and what is learnt by whom, is told on stderr.
 *
 * @throws OperatorError as `readPassFile` and `PrivateScorer.open`
 */
export async function viaPredictor(file: string): Promise<Predictor> {
  const opened = await readPassFile(file, Date.now())
  const { document, study, pass } = opened
  const client = await ViaClient.open(opened)
  try {
    const tell = (text: string): void => void process.stderr.write(`${text}\n`)
    const rng = (target: Uint8Array): void => void randomFillSync(target)
    const scorer = await PrivateScorer.open({ pass: opened, client, rng, tell })
    const { hospitals, colluders, isChecked } = scorer
    const classes = document.contract.classes
    tell(
      `The hospitals learn nothing of a record unless more than ${colluders} of them put their shares together; they learn ` +
        `that there was one, and when. You learn ${classes.length} linear functions of the model's weights for each share of a record.`,
    )
    const via = { hospitals, colluders, checked: isChecked }
    const by = { study, name: document.name, classes, round: pass.round, checkpoint: hex(pass.checkpoint), via }
    return { contract: document.contract, by, scorer, calibration: null, model: null, close: () => client.close() }
  } catch (error) {
    await client.close()
    throw error
  }
}
