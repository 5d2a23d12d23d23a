/**
 * From stored values to modality values (Hounsfield units, say) and to grey, in plain arithmetic of one order: the same
 * file gives the same bits on every machine.
 *
 * @module DICOM PS3.3 C.11.1 and C.11.2, https://dicom.nema.org/medical/dicom/current/output/html/part03.html
 */
import { DicomError } from './error.ts'
import type { StoredValues } from './frame.ts'
import { type DicomHeader, type GreyWindow, type LookupTable, transformOf, type WindowFunction } from './header.ts'

const STATE_WINDOW = 'Leave it out, or let the study state a window (at least 1 wide) for all files.'

/** What becomes of modality values on the way to grey. */
export type Voi =
  /** the file's own lookup table, else its first window */
  | { readonly kind: 'file' }
  /** a window of the study, in modality values */
  | { readonly kind: 'window'; readonly window: GreyWindow; readonly windowFunction?: WindowFunction }
  /** all values that the stored bits can hold */
  | { readonly kind: 'range' }

/**
 * Modality values of a grey frame: rescaled, or looked up. MONOCHROME1 is not turned round, see `uprightValues`.
 *
 * @param stored what storedFrames gave
 * @param frame  its number, from 0
 * @returns rows x columns, in the modality's unit, each rounded to float32 once
 */
export function modalityValues(header: DicomHeader, stored: StoredValues, frame = 0): Float32Array {
  const modality = modalityOf(header, frame)
  const values = new Float32Array(stored.length)
  for (let index = 0; index < stored.length; index += 1) values[index] = modality(stored[index]!)
  return values
}

/**
 * Grey of a frame from 0 (black) to 1 (white), whichever way round the file stores it.
 *
 * @param stored what storedFrames gave
 * @returns rows x columns, 0 to 1, each rounded to float32 once
 * @throws DicomError when the file is to bring its own window and has none
 */
export function greyValues(header: DicomHeader, stored: StoredValues, voi: Voi, frame = 0): Float32Array {
  const modality = modalityOf(header, frame)
  const grey = greyOf(header, voi, frame)
  const inverted = header.colour === 'MONOCHROME1'
  const values = new Float32Array(stored.length)
  for (let index = 0; index < stored.length; index += 1) {
    const value = grey(modality(stored[index]!))
    values[index] = inverted ? 1 - value : value
  }
  return values
}

/**
 * Modality values from black to white. Where they have a unit they are what `modalityValues` gives; where they are shades
 * of grey, MONOCHROME1 (the smallest is white, PS3.3 C.7.6.3.1.2) is turned round within the range that the stored bits can
 * hold, so that it gives what a file of the same picture in MONOCHROME2 does.
 *
 * @param stored what storedFrames gave
 * @returns rows x columns, each rounded to float32 once
 */
export function uprightValues(header: DicomHeader, stored: StoredValues, frame = 0): Float32Array {
  if (header.colour !== 'MONOCHROME1' || transformOf(header, frame).hasUnit)
    return modalityValues(header, stored, frame)
  const modality = modalityOf(header, frame)
  const [low, high] = rangeOf(header, frame)
  const values = new Float32Array(stored.length)
  for (let index = 0; index < stored.length; index += 1) values[index] = low + high - modality(stored[index]!)
  return values
}

function modalityOf(header: DicomHeader, frame: number): (stored: number) => number {
  if (header.samples !== 1)
    throw new DicomError('it is a colour image: it has no modality values', 'Leave it out of a study of grey images.')
  const { rescale } = transformOf(header, frame)
  if ('entries' in rescale) return stored => lookedUp(rescale, stored)
  return stored => stored * rescale.slope + rescale.intercept
}

function greyOf(header: DicomHeader, voi: Voi, frame: number): (value: number) => number {
  const { voiLut, windows, windowFunction } = transformOf(header, frame)
  if (voi.kind === 'range') {
    const [low, high] = rangeOf(header, frame)
    return value => (high === low ? 0 : (value - low) / (high - low))
  }
  if (voi.kind === 'window') return windowed(voi.window, voi.windowFunction ?? 'LINEAR')
  if (voiLut !== undefined) {
    const top = 2 ** voiLut.bits - 1
    return value => lookedUp(voiLut, Math.round(value)) / top
  }
  if (windows.length === 0) throw new DicomError('it has neither a window nor a lookup table of its own', STATE_WINDOW)
  return windowed(windows[0]!, windowFunction)
}

/** The lowest and the highest modality value that the stored bits can hold. */
export function rangeOf({ bitsStored, signed, ...header }: DicomHeader, frame = 0): readonly [number, number] {
  const { rescale } = transformOf({ bitsStored, signed, ...header }, frame)
  if ('entries' in rescale) return [0, 2 ** rescale.bits - 1]
  const first = signed ? -(2 ** (bitsStored - 1)) : 0
  const ends = [first, first + 2 ** bitsStored - 1].map(stored => stored * rescale.slope + rescale.intercept)
  return [Math.min(...ends), Math.max(...ends)]
}

function lookedUp({ first, entries }: LookupTable, value: number): number {
  return entries[Math.min(Math.max(value - first, 0), entries.length - 1)]!
}

/** PS3.3 C.11.2.1.2 and C.11.2.1.3, with an output from 0 to 1. */
function windowed({ center, width }: GreyWindow, windowFunction: WindowFunction): (value: number) => number {
  if (windowFunction === 'LINEAR' ? !(width >= 1) : !(width > 0)) {
    throw new DicomError(`its window is narrower than the standard allows for ${windowFunction}`, STATE_WINDOW)
  }
  if (windowFunction === 'SIGMOID') return value => 1 / (1 + Math.exp((-4 * (value - center)) / width))
  if (windowFunction === 'LINEAR_EXACT') {
    return value => clamped((value - center) / width + 0.5)
  }
  const [middle, span] = [center - 0.5, width - 1]
  return value => {
    if (value <= middle - span / 2) return 0
    return value > middle + span / 2 ? 1 : clamped((value - middle) / span + 0.5)
  }
}

function clamped(value: number): number {
  return Math.min(Math.max(value, 0), 1)
}
