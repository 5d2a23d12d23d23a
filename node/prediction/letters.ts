/** Letters of 3 by 5 pixels, for the few words on a picture. @module */

/** Five rows from the top, each an octal digit whose bits are the pixels from the left. */
const LETTERS: Readonly<Record<string, string>> = {
  ...{ A: '25755', B: '65656', C: '34443', D: '65556', E: '74647', F: '74644', G: '34553', H: '55755', I: '72227' },
  ...{ J: '11152', K: '55655', L: '44447', M: '57755', N: '65555', O: '25552', P: '65644', Q: '25573', R: '65655' },
  ...{ S: '34216', T: '72222', U: '55557', V: '55552', W: '55775', X: '55255', Y: '55222', Z: '71247' },
  ...{ 0: '75557', 1: '26227', 2: '71747', 3: '71717', 4: '55711', 5: '74717', 6: '74757', 7: '71122', 8: '75757' },
  ...{ 9: '75717', '.': '00002', ',': '00024', '-': '00700', '+': '02720', ':': '02020', ' ': '00000' },
}
const UNKNOWN = '77777'
const ROWS = 5
/** Three pixels and the space after them. */
const ADVANCE = 4

/** Height of a line of text, in pixels. */
export function lineHeight(scale: number): number {
  return (ROWS + 3) * scale
}

/** Calls `dot` for each pixel of a text, which is shown in capital letters. */
export function writeText(
  text: string,
  { left, top, scale }: { left: number; top: number; scale: number },
  dot: (x: number, y: number) => void,
): void {
  for (const [index, letter] of [...text.toUpperCase()].entries()) {
    const rows = LETTERS[letter] ?? UNKNOWN
    for (let at = 0; at < ROWS * 3 * scale * scale; at++) {
      const [y, x] = [Math.floor(at / (3 * scale)), at % (3 * scale)]
      const bits = Number(rows[Math.floor(y / scale)])
      if ((bits >> (2 - Math.floor(x / scale))) & 1) dot(left + index * ADVANCE * scale + x, top + y)
    }
  }
}
