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
import { LOG_LEVELS, type LogLevel } from '../log.ts'
import { parsePeerId } from '../storage/identity.ts'
import { DATASETS_SCHEMA, locatedDatasets } from './dataset-schema.ts'
import { type ConfigLayers, type ConfigOrigin, configKeys, layered } from './layers.ts'
import { parseExceptions, parseProxy } from './proxy-setting.ts'
import { checkTable, parseToml, readTomlText, tomlTable } from './toml.ts'

export const CONFIG_FILE = 'config.toml'
export const HTTP_PORT_DEFAULT = 7420
export const LISTEN_DEFAULT = '/ip4/0.0.0.0/tcp/7419'
/** A node joins no study with a larger epsilon unless its operator allows it. */
export const EPSILON_MAX_DEFAULT = 8
/** Nor one with a larger delta. */
export const DELTA_MAX_DEFAULT = 1e-4

const ADDRESSES_MAX = 64
/** Shares that one client of private predictions may have computed in an hour. */
const PREDICTIONS_PER_HOUR = { min: 1, max: 1_000_000, default: 100 }
const LOG_FILE_BYTES = { min: 65_536, max: 1_000_000_000, default: 10_000_000 }
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/

/** Whether the host is a loopback address. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host)
}

export const ADDRESS_SCHEMA = z.string().refine(isMultiaddr, {
  error: issue => `${JSON.stringify(issue.input)} is not a multiaddr such as /ip4/192.0.2.7/tcp/7419`,
})
const HOST_SCHEMA = z.string().regex(/^([0-9a-f:]{2,45}|[a-z0-9.-]{1,253})$/i, {
  error: 'is not a host name or address: without port, such as node.hospital.example',
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

export const CONFIG_SCHEMA = z.strictObject({
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
      host: z.string().min(1).default('127.0.0.1'),
      port: whole(0, 65_535).default(HTTP_PORT_DEFAULT),
      tlsCertificate: z.string().min(1).optional(),
      tlsKey: z.string().min(1).optional(),
      names: z.array(HOST_SCHEMA).max(ADDRESSES_MAX).default([]),
    })
    .refine(({ tlsCertificate, tlsKey }) => (tlsCertificate === undefined) === (tlsKey === undefined), {
      error: 'needs both tlsCertificate and tlsKey, or neither',
    })
    .refine(({ host, tlsKey }) => isLoopback(host) || tlsKey !== undefined, {
      path: ['host'],
      error: 'must be 127.0.0.1, ::1 or localhost where there is no tlsCertificate and tlsKey: or use an SSH tunnel',
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(LOG_LEVELS).default('info'),
      format: z.enum(['auto', 'text', 'json']).default('auto'),
      file: z.enum(['auto', 'always', 'never']).default('auto'),
      fileBytesMax: whole(LOG_FILE_BYTES.min, LOG_FILE_BYTES.max).default(LOG_FILE_BYTES.default),
      filesMax: whole(1, 100).default(5),
    })
    .prefault({}),
  privacy: z
    .strictObject({
      epsilonMax: z.number().positive().default(EPSILON_MAX_DEFAULT),
      deltaMax: z.number().positive().max(DELTA_MAX).default(DELTA_MAX_DEFAULT),
      population: POPULATION_SCHEMA.optional(),
    })
    .prefault({}),
  policy: z.strictObject({ require: z.array(PEER_SCHEMA).max(100).default([]) }).prefault({}),
  serve: z
    .strictObject({
      predictions: z.boolean().default(false),
      predictionsPerHour: whole(PREDICTIONS_PER_HOUR.min, PREDICTIONS_PER_HOUR.max).default(
        PREDICTIONS_PER_HOUR.default,
      ),
    })
    .prefault({}),
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
  /** `tlsCertificate`, `tlsKey`: null where it is served without TLS */
  http: { host: string; port: number; tlsCertificate: string | null; tlsKey: string | null; names: string[] }
  log: {
    level: LogLevel
    format: 'auto' | 'text' | 'json'
    file: 'auto' | 'always' | 'never'
    fileBytesMax: number
    filesMax: number
  }
  /** `population`: null for the hospital's own account */
  privacy: { epsilonMax: number; deltaMax: number; population: string | null }
  policy: { require: string[] }
  serve: { predictions: boolean; predictionsPerHour: number }
  training: { engine: 'auto' | 'tensorflow-gpu' | 'tensorflow' | 'wasm' }
}

/**
 * Reads `config.toml` of a data folder, and what goes before it: the environment's variables, then flags.
 *
 * @throws OperatorError of exit code 3, naming the file or the variable, and the key; `bad-setting`, exit code 2
 */
export async function readConfig(folder: string, layers: ConfigLayers = {}): Promise<NodeConfig> {
  return (await readLayeredConfig(folder, layers)).config
}

/** The same, and where each key's value comes from. @throws as `readConfig` */
export async function readLayeredConfig(
  folder: string,
  { environment = process.env, flags = [] }: ConfigLayers = {},
): Promise<{ config: NodeConfig; originOf: (key: string) => ConfigOrigin }> {
  const file = join(folder, CONFIG_FILE)
  const text = await readTomlText(file, {
    message: `There is no ${CONFIG_FILE} in ${folder}`,
    hint: 'Create the data folder with "confrere init", or name another one with --data.',
  })
  const written = tomlTable(text, file)
  const { table, sources } = layered(written, configKeys(CONFIG_SCHEMA), { environment, flags })
  const config = checkTable(table, CONFIG_SCHEMA, file, key => sources.get(key)?.name)
  const isWritten = (key: string): boolean =>
    key.split('.').reduce<unknown>((inner, part) => (inner as Record<string, unknown> | undefined)?.[part], written) !==
    undefined
  return {
    config: located(config, file),
    originOf: key => sources.get(key)?.origin ?? (isWritten(key) ? 'file' : 'default'),
  }
}

/** Checks the text of a config; relative paths are relative to `file`. @throws OperatorError of exit code 3 */
export function parseConfig(text: string, file: string): NodeConfig {
  return located(parseToml(text, CONFIG_SCHEMA, file), file)
}

function located(config: z.output<typeof CONFIG_SCHEMA>, file: string): NodeConfig {
  const { npz, file: records = npz, split } = config.data
  const absolute = (path: string): string => resolve(dirname(file), path)
  const optionalPath = (path: string | undefined): string | null => (path === undefined ? null : absolute(path))
  const { ca, proxy = null } = config.network
  return {
    ...config,
    network: { ...config.network, proxy, ca: optionalPath(ca) },
    http: {
      ...config.http,
      tlsCertificate: optionalPath(config.http.tlsCertificate),
      tlsKey: optionalPath(config.http.tlsKey),
    },
    privacy: { ...config.privacy, population: config.privacy.population ?? null },
    data: { file: optionalPath(records), split },
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
