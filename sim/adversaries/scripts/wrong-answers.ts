/** A hospital that answers pulls with bytes that nobody has asked for. @module */

import { findPhase } from '../../../protocols/round/data-phase.ts'
import type { Wanted } from '../../../protocols/round/effects.ts'
import { filledChunks } from '../../../protocols/session/chunks.ts'
import type { AdversaryIo } from '../../world/adversary.ts'
import type { Random } from '../../world/random.ts'
import { defineScript } from '../script.ts'

const WORD_BYTES = 4
/** Where the script cannot know the length that is expected. */
const GUESSED_WORDS = 16

type Kind = 'other-words' | 'a-word-less' | 'a-word-more' | 'too-long' | 'nothing'
const KINDS: readonly Kind[] = ['other-words', 'a-word-less', 'a-word-more', 'too-long', 'nothing']

/** Bytes of an honest answer. */
function lengthOf(wanted: Wanted, { hospital }: AdversaryIo): number {
  const { state, vault } = hospital
  if (wanted.kind === 'sum') return vault.sum(wanted.hash)?.length ?? GUESSED_WORDS * WORD_BYTES
  if (wanted.kind === 'checkpoint') return vault.checkpoints.get(wanted.hash)?.length ?? GUESSED_WORDS * WORD_BYTES
  const opening = findPhase(state, wanted.sid)?.opening
  const words = opening && filledChunks(opening).find(({ index }) => index === wanted.chunk)?.words
  return WORD_BYTES * (words ?? GUESSED_WORDS)
}

function answerOf(kind: Kind, honest: number, random: Random): Uint8Array {
  const junk = (length: number) => Uint8Array.from({ length: Math.max(0, length) }, () => random.below(256))
  switch (kind) {
    case 'other-words':
      return junk(honest)
    case 'a-word-less':
      return junk(honest - WORD_BYTES)
    case 'a-word-more':
      return junk(honest + WORD_BYTES)
    case 'too-long':
      return junk(20 * honest)
    case 'nothing':
      return new Uint8Array(0)
  }
}

/**
 * Serves wrong words, too few, too many, or none in place of a sum, a part or a checkpoint, to some or to all. Answers
 * are unsigned, so nothing is proven; the asker counts it against the one that gave them, and asks the next.
 */
export const WRONG_ANSWERS = defineScript({ name: 'wrong-answers', guilt: null }, (random, lied) => {
  const kinds = random.sample(KINDS, random.whole(1, KINDS.length))
  const share = random.pick([0.5, 1])
  return {
    serve: (wanted, _from, io) => {
      if (!random.chance(share)) return undefined
      lied(io)
      return answerOf(random.pick(kinds), lengthOf(wanted, io), random)
    },
  }
})
