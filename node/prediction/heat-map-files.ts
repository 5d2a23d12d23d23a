/** Files of heat maps, each named after what it is of. @module */

import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import type { RecordPlace } from './records.ts'

/** A picture takes up to some seconds and about 200 kB. */
export const HEAT_MAPS_MAX = 1000
const NAME_CHARACTERS_MAX = 120

/** Writes pictures into a folder; two records never have one name. */
export class HeatMapFolder {
  readonly #folder: string
  readonly #names = new Set<string>()

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Makes the folder where it is not there. @throws OperatorError `unwritable`, exit code 2 */
  static async open(folder: string): Promise<HeatMapFolder> {
    await mkdir(folder, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
      throw unwritable(cause)
    })
    return new HeatMapFolder(folder)
  }

  get isFull(): boolean {
    return this.#names.size >= HEAT_MAPS_MAX
  }

  /** @returns the file. @throws OperatorError `unwritable`, exit code 2 */
  async write(place: RecordPlace, png: Uint8Array): Promise<string> {
    const file = join(this.#folder, this.#nameOf(place))
    await writeFile(file, png).catch((cause: NodeJS.ErrnoException) => {
      throw unwritable(cause)
    })
    return file
  }

  #nameOf({ file, array, row }: RecordPlace): string {
    const parts = [basename(file), array, row].filter(part => part !== null)
    const plain = parts
      .join('-')
      .replaceAll(/[^\p{L}\p{N}._-]/gu, '_')
      .slice(-NAME_CHARACTERS_MAX)
    for (let number = 1; ; number++) {
      const name = `${plain}${number === 1 ? '' : `-${number}`}.heat.png`
      if (this.#names.has(name)) continue
      this.#names.add(name)
      return name
    }
  }
}

function unwritable(cause: NodeJS.ErrnoException): OperatorError {
  return new OperatorError('unwritable', `The heat maps cannot be written: ${cause.code ?? cause.message}`, {
    hint: 'Name a folder that you may write to: --heat-map FOLDER.',
    exitCode: EXIT.usage,
    cause,
  })
}
