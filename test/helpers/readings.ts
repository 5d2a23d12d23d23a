/** What tests of readers hand to them: contracts of images, facts, and files that are bytes. @module */

import { createHmac } from 'node:crypto'
import { PATIENT_BYTES } from '../../node/datasets/patients.ts'
import {
  type FileFacts,
  FileRefused,
  type Finding,
  type OpenedFile,
  type Reading,
  type RecordReader,
} from '../../node/datasets/reader.ts'

import type { ImageContract, PixelSteps } from '../../protocols/study/contracts/image.ts'

export function imageContract(
  shape: [number, number, number],
  pixels: Partial<PixelSteps> = {},
  more: Partial<ImageContract> = {},
): ImageContract {
  const steps: PixelSteps = { grey: 'display', resize: 'area', fit: 'stretch', ...pixels }
  return { kind: 'image', shape, classes: ['a', 'b'], pixels: steps, ...more }
}

export const keyed = (patient: string): Uint8Array =>
  createHmac('sha256', 'a key').update(patient).digest().subarray(0, PATIENT_BYTES)

export function readingOf(contract: Reading['contract'], facts: Partial<FileFacts> = {}): Reading {
  return { contract, keyed, facts: () => ({ label: 'a', patient: null, split: null, ...facts }) }
}

export function fileOf(content: Uint8Array, name = 'x'): OpenedFile {
  return {
    name,
    bytes: content.length,
    whole: async max => {
      if (content.length > max) throw new FileRefused('too long')
      return content
    },
    part: async (start, length) => content.slice(start, start + length),
    stream: async function* () {
      yield content
    },
  }
}

/** What a reader finds in one file. */
export async function readBytes(reader: RecordReader, content: Uint8Array, reading: Reading): Promise<Finding> {
  const found = await gathered(reader.read(fileOf(content), reading))
  if (found.length !== 1) throw new Error(`${found.length} findings`)
  return found[0]!
}

export async function gathered<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** The values of a record; throws the reason where there is none. */
export function valuesOf(finding: Finding): number[] {
  if (!finding.ok) throw new Error(finding.reason)
  return Array.from(finding.record!.values)
}

export function reasonOf(finding: Finding): string {
  return finding.ok ? '' : finding.reason
}
