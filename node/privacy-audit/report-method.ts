/** The audit report's methods, their papers, and their limits. @module */

import { html } from 'hono/html'
import { SAMPLE_RATE_ONE } from '../../protocols/study/limits.ts'
import { trainingRounds } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { StudyAudit } from './audit.ts'
import { SIGNIFICANCE } from './canary.ts'
import type { Markup } from './chart.ts'
import { significant } from './report-words.ts'

export function methodSection({ document, records, membership, canary }: StudyAudit): Markup {
  const gaussian = canary.findings.some(finding => finding.gaussian !== null)
  return html`<section>
<h2>How it was done, and what it cannot tell</h2>
<h3>The rehearsal</h3>
<p>${trainingRounds(document)} rounds of the study ran in one process, among ${canary.hospitals} simulated hospitals to which the records were dealt, by the program's own steps: Poisson sample, clipping, fixed point, discrete Gaussian noise, exact sum, optimizer. The network was left out; it changes no number. Coins, samples and noise came from the operating system's cryptographic generator.${records < document.units / 2 ? ` Of the study's ${document.units} records only ${records} were here: beside so few the noise weighs more in the models of this audit than in the study's own, and there are fewer others in a sum. The lower bound does not depend on it.` : ''}</p>
<h3>The lower bound</h3>
<p>A canary is a gradient on a coordinate of its own, as long as clipping lets any record's be (Nasr et al. 2023), sampled like any record, at the first hospital. The surest guesses count, some numbers of which were fixed beforehand. Two observers guess: one who sees every opened sum, to be compared with the epsilon against everyone who sees the model; and ${document.privacy.colluders} colluding hospitals, who also take off their own noise, to be compared with the epsilon that is charged. The bound for any (epsilon, delta) is Theorem 5.2 of Steinke, Nasr, Jagielski (2023)${gaussian ? "; because every record is in every round, the claim is a Gaussian's, and the sharper test of Mahloujifar, Melis, Chaudhuri (2024) applies as well" : '; because records are sampled, no sharper test applies here, and the bound stays far below the claim even where the claim is exact'}. Because such bounds see large mistakes only, the noise is measured as well: what is left of every opened sum where there is no canary, against the deviation that the study says. All bounds together are wrong with a probability of at most ${significant(100 * SIGNIFICANCE)} %.</p>
<p><strong>A small bound is no proof of privacy.</strong> With ${canary.canaries} canaries even a perfect guesser cannot show a large epsilon, and mistakes that do not concern the noise of the sums (a leak beside the protocol, a patient with many records) are not looked for. <strong>A bound above the claim disproves it.</strong></p>
${
  membership === null
    ? ''
    : html`<h3>Membership</h3>
<p>LiRA (Carlini et al. 2022) with ${membership.models - 2} shadow models, its variances over all records together; and the loss attack (Yeom et al. 2018). With privacy: ${trainingText(membership.withPrivacy.document)}. Without: ${trainingText(membership.withoutPrivacy.document)}, on the same records, as one trains to fit them closely (the table has how closely); the clipping norm is four times the largest gradient at the start, so that nothing is clipped. Divided is by the records that were trained on, in both cases. More shadow models find a little more.</p>`
}
<h3>Inversion</h3>
<p>Analytic: of a dense first layer with a bias, a row of the weights' gradient over the bias's is the layer's input (Phong et al. 2018); of frozen features a kernel ridge regression makes pictures. Learnt: a kernel ridge regression from whole updates to records, as in learning to invert (Wu et al. 2023). For each column the better one, and its setting, were chosen on records that are not shown. The share that travels is made by the program's own masking. Optimising attackers with a generative model of such pictures may do better on sums without noise; noise bounds them all.</p>
<h3>Papers</h3>
<ol class="note">
<li>Steinke, Nasr, Jagielski: Privacy auditing with one (1) training run. NeurIPS 2023.</li>
<li>Mahloujifar, Melis, Chaudhuri: Auditing f-differential privacy in one run. 2024.</li>
<li>Nasr, Hayes, Steinke, Balle, Tramèr, Jagielski, Carlini, Terzis: Tight auditing of differentially private machine learning. USENIX Security 2023.</li>
<li>Carlini, Chien, Nasr, Song, Terzis, Tramèr: Membership inference attacks from first principles. IEEE S&amp;P 2022.</li>
<li>Yeom, Giacomelli, Fredrikson, Jha: Privacy risk in machine learning. CSF 2018.</li>
<li>Phong, Aono, Hayashi, Wang, Moriai: Privacy-preserving deep learning via additively homomorphic encryption. IEEE TIFS 2018.</li>
<li>Wu, Chen, Guo, Weinberger: Learning to invert: simple adaptive attacks for gradient inversion in federated learning. UAI 2023.</li>
</ol>
</section>`
}

function trainingText({ schedule, optimizer, privacy, hospitals, units }: StudyDocument): string {
  const rate = privacy.sampleRate / SAMPLE_RATE_ONE
  const multiplier = `noise multiplier ${significant(privacy.noiseMultiplier)}`
  const noise = {
    off: 'no noise',
    distributed: `${multiplier} among ${hospitals.length} hospitals`,
    local: `${multiplier} of every hospital's own at each of ${privacy.localSteps ?? 1} local steps`,
  }[privacy.noise]
  return (
    `${trainingRounds({ schedule })} rounds, sample rate ${significant(rate)} of ${units} records, learning rate ` +
    `${significant(optimizer.learningRate)}, momentum ${significant(optimizer.momentum)}, clipping norm ` +
    `${significant(privacy.clippingNorm)}, ${noise}`
  )
}
