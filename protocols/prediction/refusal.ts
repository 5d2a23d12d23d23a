/** Why a hospital does not answer a client, in the same words at both ends. @module */

export const PREDICTION_REFUSALS = [
  'no-pass',
  'bad-pass',
  'pass-of-another',
  'pass-expired',
  'pass-revoked',
  'unknown-study',
  'unknown-issuer',
  'other-checkpoint',
  'other-terms',
  'not-linear',
  'wrong-length',
  'rate-limit',
  'busy',
] as const
export type PredictionRefusal = (typeof PREDICTION_REFUSALS)[number]

const WORDS: Readonly<Record<PredictionRefusal, string>> = {
  'no-pass': 'the client has shown no pass: a hospital of the study makes one with "confrere pass new"',
  'bad-pass': 'the pass is not one that a hospital has signed',
  'pass-of-another': "the pass is another client's: it is good for one key",
  'pass-expired': 'the pass has expired: ask a hospital of the study for a new one',
  'pass-revoked': 'the hospital has taken the pass back',
  'unknown-study': 'the hospital takes no part in that study',
  'unknown-issuer': 'the pass is signed by a hospital that is no member of the study',
  'other-checkpoint': 'the pass is for another checkpoint than the hospital has now: ask for a new pass',
  'other-terms': 'the pass says of the checkpoint what is not so: tell the hospital that made it',
  'not-linear': 'the model of the study is not linear, so shares of a record cannot be multiplied by it',
  'wrong-length': 'a share is not as long as the records of the study',
  'rate-limit': 'the client has asked for as many predictions as the hospital allows in an hour: ask again later',
  busy: 'the hospital answers others at present: ask again in a minute',
}

/** The reason as a part of a sentence. */
export function predictionRefusalText(refusal: PredictionRefusal): string {
  return WORDS[refusal]
}
