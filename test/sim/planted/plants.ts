/**
 * Bugs to plant into the production code: each takes one rule away that the protocol rests on. A checker that finds none
 * of them would find nothing.
 *
 * @module
 */

import type { SourcePlant } from '../../helpers/tree/plant.ts'

export interface Plant extends SourcePlant {
  /** in words */
  readonly bug: string
  /** numbers of the invariants, one of which must be seen broken */
  readonly breaks: readonly number[]
}

export const PLANTS: readonly Plant[] = [
  {
    name: 'no-lock',
    bug: 'a lock binds nobody',
    file: 'protocols/agreement/agreement.ts',
    find: 'state.locked === null || state.locked.id === id || state.locked.view <= validView',
    replace: 'true',
    breaks: [7],
  },
  {
    name: 'small-quorum',
    bug: 'one vote less than a quorum decides',
    file: 'protocols/study/quorum.ts',
    find: 'quorum: Math.floor((hospitals + faulty) / 2) + 1 }',
    replace: 'quorum: Math.floor((hospitals + faulty) / 2) }',
    breaks: [3, 7],
  },
  {
    name: 'release-before-log',
    bug: 'RELEASE leaves before it is in the log',
    file: 'protocols/round/say.ts',
    find: "turn.effects.push({ type: 'store', entries: [...entries, own] })",
    replace: "if (content.type !== 'release') turn.effects.push({ type: 'store', entries: [...entries, own] })",
    breaks: [1, 2],
  },
  {
    name: 'two-vectors',
    bug: 'after a crash another vector is masked under the same session',
    file: 'protocols/secure-sum/job-runner.ts',
    find: 'let masked = vault.masked(round, sid)',
    replace: 'let masked = undefined as Uint32Array | undefined; again = false',
    breaks: [5],
  },
  {
    name: 'late-clamp',
    bug: 'the clamp comes after the noise',
    file: 'protocols/secure-sum/masking.ts',
    find: 'if (sigma > 0) addDiscreteGaussian(noised, sigma, rng)',
    replace: 'if (sigma > 0) { addDiscreteGaussian(noised, sigma, rng); clamp(noised, limit) }',
    breaks: [8],
  },
  {
    name: 'believed-owner',
    bug: 'one owner that lies keeps an honest hospital out',
    file: 'protocols/round/candidates.ts',
    find: 'if (owners.size > context.faulty) out.add(member)',
    replace: 'if (owners.size > 0) out.add(member)',
    breaks: [11],
  },
  {
    name: 'hasty-void',
    bug: 'VOID does not wait for its timer',
    file: 'protocols/round/rules/result.ts',
    find: "ended(state, { kind: 'void' }) && members.length > 0",
    replace: 'members.length > 0',
    breaks: [11],
  },
  {
    name: 'said-anew',
    bug: 'what was said before a crash is forgotten',
    file: 'protocols/round/say.ts',
    find: 'const logged = state.own.get(slot)',
    replace: 'const logged = undefined as Uint8Array | undefined',
    breaks: [1],
  },
  {
    name: 'hasty-release',
    bug: 'RELEASE goes with the vote, before the decision',
    file: 'protocols/agreement/agreement.ts',
    find: 'const decision = decided(state, rules.quorum)',
    replace: 'const decision = decided(state, rules.quorum - 1)',
    breaks: [3, 7],
  },
  {
    name: 'one-self-key',
    bug: 'self keys do not depend on the session',
    file: 'crypto/zero-sum-masks.ts',
    find: 'return derive(root, sid, Buffer.concat([TAG_SELF, id]))',
    replace: 'return derive(root, new Uint8Array(32), Buffer.concat([TAG_SELF, id]))',
    breaks: [4],
  },
  {
    name: 'few-contributors',
    bug: 'one contributor less than min|P| is enough',
    file: 'protocols/study/quorum.ts',
    find: 'return Math.max(3, colluders + 2)',
    replace: 'return Math.max(2, colluders + 1)',
    breaks: [6],
  },
  {
    name: 'lost-part',
    bug: 'a chunk is added up without its first part',
    file: 'crypto/zero-sum-masks.ts',
    find: 'for (const { masked, selfKey } of parts) {\n    addInto(sum, masked)',
    replace: 'for (const { masked, selfKey } of parts.slice(1)) {\n    addInto(sum, masked)',
    breaks: [8],
  },
  {
    name: 'no-masks',
    bug: 'vectors leave as they are',
    file: 'protocols/secure-sum/masking.ts',
    find: 'maskInto(words, { selfKey: deriveSelfKey({ root, sid: session.sid, id: own }), pairs })',
    replace: 'pairs.length = 0',
    breaks: [9],
  },
  {
    name: 'rash-blame',
    bug: 'an owner is blamed for whatever it reports missing',
    file: 'protocols/round/rules/refute-missing.ts',
    find: 'if (receipt?.from !== from || receipt.receipt === undefined || !body.members.includes(context.self)) continue',
    replace: 'if (receipt?.from !== from || receipt.receipt === undefined) continue',
    breaks: [10],
  },
  {
    name: 'no-pair-masks',
    bug: 'only self keys hide the vectors: whoever has released is seen',
    file: 'protocols/secure-sum/masking.ts',
    find: '.filter(member => member !== self)\n    .map(member => ({\n      key',
    replace: '.filter(() => false)\n    .map(member => ({\n      key',
    breaks: [9],
  },
  {
    name: 'any-upload',
    bug: 'an uploaded chunk is not checked against its manifest',
    file: 'protocols/exchange/upload.ts',
    find: 'if (!verifyPath({ root: manifest.body.root, leaf, index, count, path })) {',
    replace: 'if (false as boolean) {',
    breaks: [10],
  },
  {
    name: 'late-receipt',
    bug: 'an owner signs for a part that it has reported missing',
    file: 'protocols/exchange/upload.ts',
    find: "if (missing?.body.members.includes(from)) return 'late'",
    replace: "if (missing?.body.members.includes(from)) return 'due'",
    breaks: [10],
  },
  {
    name: 'any-answer',
    bug: 'what is pulled is not compared with the hash that it was asked by',
    file: 'protocols/exchange/pull.ts',
    find: "if (hex(hash) === wanted.hash) return 'right'",
    replace: "if (bytes.length > 0 || hex(hash) === wanted.hash) return 'right'",
    breaks: [8],
  },
  {
    name: 'strangers-struck',
    bug: 'a message by a hospital of another roster is held against whoever passes it on',
    file: 'protocols/messages/messages.ts',
    find: "'signed by a peer outside the roster', { action: 'ignore' })",
    replace: "'signed by a peer outside the roster')",
    breaks: [10],
  },
  {
    name: 'dispute-ignored',
    bug: 'two owners claim different sums of a chunk, and nobody finds out who lies',
    file: 'protocols/round/chunk-sums.ts',
    find: '({ index }) => new Set(chunkClaims(state, index).map(({ hash }) => hash)).size > 1,',
    replace: '() => false,',
    breaks: [10, 11],
  },
]
