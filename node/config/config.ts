/**
 * The node config; it never leaves the machine. It names paths and addresses, and may limit which studies the node
 * joins; nothing in it can weaken a study's privacy.
 *
 * @module
 */

import { dirname, join, resolve } from 'node:path'
import { multiaddr } from '@multiformats/multiaddr'
import { z } from 'zod'
import { whole } from '../../protocols/encoding/fields.ts'
import { POPULATION_SCHEMA } from '../../protocols/ledger/entry.ts'
import { NAME_SCHEMA } from '../../protocols/study/contracts/fields.ts'
import { DELTA_MAX } from '../../protocols/study/limits.ts'
import type { DataSource } from '../datasets/source.ts'
import { LOG_LEVELS } from '../log.ts'
import { parsePeerId } from '../storage/identity.ts'
import { DATASETS_SCHEMA, locatedDatasets } from './dataset-schema.ts'
import { parseExceptions, parseProxy } from './proxy-setting.ts'
import { parseToml, readToml } from './toml.ts'

export const CONFIG_FILE = 'config.toml'
export const HTTP_PORT_DEFAULT = 7420
export const LISTEN_DEFAULT = '/ip4/0.0.0.0/tcp/7419'
/** A node joins no study with a larger epsilon unless its operator allows it. */
export const EPSILON_MAX_DEFAULT = 8
/** Nor one with a larger delta. */
export const DELTA_MAX_DEFAULT = 1e-4

const ADDRESSES_MAX = 64
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/

/** Whether the host is a loopback address. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host)
}

export const ADDRESS_SCHEMA = z.string().refine(isMultiaddr, {
  error: issue => `${JSON.stringify(issue.input)} is not a multiaddr such as /ip4/192.0.2.7/tcp/7419`,
})
const addresses = z.array(ADDRESS_SCHEMA).max(ADDRESSES_MAX)

/** A check that takes its words from the error of a parser. */
function saysWhy(parse: (text: string) => unknown) {
  return (text: string, context: z.RefinementCtx<string>) => {
    try {
      parse(text)
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message })
    }
  }
}

/** A PeerId as text, checked. */
export const PEER_SCHEMA = z.string().superRefine(saysWhy(parsePeerId))

const CONFIG_SCHEMA = z.strictObject({
  site: NAME_SCHEMA,
  data: z
    .strictObject({
      file: z.string().min(1).optional(),
      /** the name that `file` had when records came in one file type */
      npz: z.string().min(1).optional(),
      split: z.string().min(1).default('train'),
    })
    .refine(({ file, npz }) => file === undefined || npz === undefined, {
      error: 'names the records twice: npz is the former name of file, so delete the line with npz',
    })
    .prefault({}),
  datasets: DATASETS_SCHEMA.default({}),
  network: z
    .strictObject({
      listen: addresses.min(1).default([LISTEN_DEFAULT]),
      bootstrap: addresses.default([]),
      mdns: z.boolean().default(true),
      announce: addresses.default([]),
      proxy: z.string().superRefine(saysWhy(parseProxy)).optional(),
      proxyExcept: z
        .array(
          z
            .string()
            .max(256)
            .superRefine(saysWhy((text: string) => parseExceptions([text]))),
        )
        .max(ADDRESSES_MAX)
        .default([]),
      ca: z.string().min(1).optional(),
      relay: z.boolean().default(true),
    })
    .prefault({}),
  http: z
    .strictObject({
      host: z
        .string()
        .default('127.0.0.1')
        .refine(isLoopback, 'must be 127.0.0.1, ::1 or localhost: the status page has no login, use an SSH tunnel'),
      port: whole(0, 65_535).default(HTTP_PORT_DEFAULT),
    })
    .prefault({}),
  log: z.strictObject({ level: z.enum(LOG_LEVELS).default('info') }).prefault({}),
  privacy: z
    .strictObject({
      epsilonMax: z.number().positive().default(EPSILON_MAX_DEFAULT),
      deltaMax: z.number().positive().max(DELTA_MAX).default(DELTA_MAX_DEFAULT),
      population: POPULATION_SCHEMA.optional(),
    })
    .prefault({}),
  policy: z.strictObject({ require: z.array(PEER_SCHEMA).max(100).default([]) }).prefault({}),
  training: z
    .strictObject({ engine: z.enum(['auto', 'tensorflow-gpu', 'tensorflow', 'wasm']).default('auto') })
    .prefault({}),
})

/** A checked config. Paths are absolute, `data.file` is null when this node has no records. */
export interface NodeConfig {
  site: string
  data: { file: string | null; split: string }
  datasets: Record<string, DataSource>
  network: {
    listen: string[]
    bootstrap: string[]
    mdns: boolean
    announce: string[]
    /** with its credentials, so it must never be shown; null for none */
    proxy: string | null
    proxyExcept: string[]
    /** absolute path; null for none */
    ca: string | null
    relay: boolean
  }
  http: { host: string; port: number }
  log: { level: (typeof LOG_LEVELS)[number] }
  /** `population`: null for the hospital's own account */
  privacy: { epsilonMax: number; deltaMax: number; population: string | null }
  policy: { require: string[] }
  training: { engine: 'auto' | 'tensorflow-gpu' | 'tensorflow' | 'wasm' }
}

/** Reads `config.toml` of a data folder. @throws OperatorError of exit code 3, naming the file and the key */
export async function readConfig(folder: string): Promise<NodeConfig> {
  const file = join(folder, CONFIG_FILE)
  const config = await readToml(file, CONFIG_SCHEMA, {
    message: `There is no ${CONFIG_FILE} in ${folder}`,
    hint: 'Create the data folder with "confrere init", or name another one with --data.',
  })
  return located(config, file)
}

/** Checks the text of a config; relative paths are relative to `file`. @throws OperatorError of exit code 3 */
export function parseConfig(text: string, file: string): NodeConfig {
  return located(parseToml(text, CONFIG_SCHEMA, file), file)
}

function located(config: z.output<typeof CONFIG_SCHEMA>, file: string): NodeConfig {
  const { npz, file: records = npz, split } = config.data
  const absolute = (path: string): string => resolve(dirname(file), path)
  const { ca, proxy = null } = config.network
  return {
    ...config,
    network: { ...config.network, proxy, ca: ca === undefined ? null : absolute(ca) },
    privacy: { ...config.privacy, population: config.privacy.population ?? null },
    data: { file: records === undefined ? null : absolute(records), split },
    datasets: locatedDatasets(config.datasets, absolute),
  }
}

function isMultiaddr(text: string): boolean {
  try {
    return text.startsWith('/') && multiaddr(text).toString().length > 1
  } catch {
    return false
  }
}
