/**
 * The thread that decodes compressed frames, one at a time, by the WebAssembly codecs of dcmjs-codecs.
 *
 * After an exception the instance is dropped: its exceptions leave the C++ side half unwound, and every later frame,
 * good ones too, would fail or decode wrongly.
 *
 * @module
 */
import { parentPort } from 'node:worker_threads'
import dcmjsCodecs from 'dcmjs-codecs'
import { CODEC_BYTES_KEPT_MAX } from './limits.ts'
import type { CodecName } from './syntax.ts'

const { Context, NativeCodecs, log } = dcmjsCodecs

/** One compressed frame and what its file's header states. */
export interface CodecJob {
  readonly codec: CodecName
  readonly bytes: Uint8Array
  readonly rows: number
  readonly columns: number
  readonly samples: number
  readonly bitsAllocated: number
  readonly bitsStored: number
  readonly signed: boolean
  readonly planar: boolean
  readonly colour: string
}

/** What a frame decodes to: little-endian values of `bitsAllocated` bits. */
export interface CodecFrame {
  readonly bytes: Uint8Array
  readonly rows: number
  readonly columns: number
  readonly samples: number
  readonly bitsAllocated: number
  readonly planar: boolean
}

/** `frame` is absent when the codec fails; its own words are not passed on, as they may quote the stream. */
export interface CodecReply {
  readonly id: number
  readonly frame?: CodecFrame
}

const DECODERS: Readonly<Record<CodecName, 'Rle' | 'Jpeg' | 'JpegLs' | 'Jpeg2000' | 'HtJpeg2000'>> = {
  rle: 'Rle',
  jpeg: 'Jpeg',
  'jpeg-ls': 'JpegLs',
  'jpeg-2000': 'Jpeg2000',
  'ht-jpeg-2000': 'HtJpeg2000',
}

function decode(job: CodecJob): CodecFrame {
  const context = new Context({
    width: job.columns,
    height: job.rows,
    bitsAllocated: job.bitsAllocated,
    bitsStored: job.bitsStored,
    samplesPerPixel: job.samples,
    pixelRepresentation: job.signed ? 1 : 0,
    planarConfiguration: job.planar ? 1 : 0,
    photometricInterpretation: job.colour,
    encodedBuffer: job.bytes,
  })
  const convert = job.codec === 'jpeg' && job.colour.startsWith('YBR')
  const decoded = NativeCodecs[`decode${DECODERS[job.codec]}`](context, { convertColorspaceToRgb: convert })
  return {
    bytes: decoded.getDecodedBuffer()!,
    rows: decoded.getHeight()!,
    columns: decoded.getWidth()!,
    samples: decoded.getSamplesPerPixel()!,
    bitsAllocated: decoded.getBitsAllocated()!,
    planar: decoded.getPlanarConfiguration() === 1,
  }
}

/** Memory of a WebAssembly instance grows and never shrinks. */
function bytesKept(): number {
  const { wasmApi } = NativeCodecs as unknown as { wasmApi?: { wasmMemory: { buffer: ArrayBuffer } } }
  return wasmApi?.wasmMemory.buffer.byteLength ?? 0
}

async function answer(id: number, job: CodecJob): Promise<void> {
  if (!NativeCodecs.isInitialized()) await NativeCodecs.initializeAsync()
  let frame: CodecFrame | undefined
  try {
    frame = decode(job)
  } catch {
    NativeCodecs.release()
  }
  if (bytesKept() > CODEC_BYTES_KEPT_MAX) NativeCodecs.release()
  const reply: CodecReply = frame === undefined ? { id } : { id, frame }
  parentPort!.postMessage(reply, frame === undefined ? [] : [frame.bytes.buffer as ArrayBuffer])
}

log.disableAll()
parentPort?.on('message', ({ id, job }: { id: number; job: CodecJob }) => answer(id, job))
