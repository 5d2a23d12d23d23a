/** Study specs as a founder writes them, for tests. @module */

/** A small valid spec; `changes` replaces lines by their key, `null` removes one. */
export function specText(peers: readonly string[], changes: Record<string, string | null> = {}): string {
  const lines = [
    'name = "Spec"',
    'rounds = 20',
    'units = 1000',
    '[contract]',
    'kind = "image"',
    'shape = [8, 8, 1]',
    'classes = ["normal", "pneumonia"]',
    '[model]',
    'preset = "cnn"',
    'filters = [4]',
    'groups = 2',
    '[optimizer]',
    'learningRate = 0.5',
    '[privacy]',
    'epsilon = 3',
    'delta = 1e-5',
    'clippingNorm = 1',
    'sampleRate = 0.1',
    '[timing]',
    'preset = "lan"',
  ]
  const hospitals = peers.map((peer, i) => `[[hospital]]\nname = "Hospital ${i}"\npeer = "${peer}"`)
  const kept = lines.flatMap(line => {
    const change = changes[line.split(' = ')[0]!]
    return change === undefined ? [line] : change === null ? [] : [change]
  })
  return [...kept, ...hospitals, ''].join('\n')
}
