/** `confrere config`: is it right, what does it say and where does that come from, what may it say. @module */

import { join } from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import { CONFIG_FILE, CONFIG_SCHEMA, readLayeredConfig } from '../../config/config.ts'
import { configKeys, unknownVariables, variableOf } from '../../config/layers.ts'
import { addDataOption, addJsonOption, addSetOption } from '../options.ts'
import { printJson, printLines } from '../output.ts'

interface ConfigOptions {
  data: string
  set?: string[]
  json?: true
  origin?: true
}

export function addConfig(config: Command): void {
  addJsonOption(addSetOption(addDataOption(config.command('check'))))
    .description('say whether it is right, with the environment and flags')
    .action(check)
  addJsonOption(addSetOption(addDataOption(config.command('show'))))
    .description('print every key with its value')
    .option('--origin', 'and where the value comes from: default, file, environment or flag')
    .action(show)
  addJsonOption(config.command('schema')).description('print the JSON Schema of config.toml').action(schema)
}

/** @throws OperatorError as `readConfig` */
async function check({ data, set, json }: ConfigOptions): Promise<void> {
  await readLayeredConfig(data, { flags: set ?? [] })
  const unknown = unknownVariables(process.env, configKeys(CONFIG_SCHEMA))
  if (json) return printJson({ ok: true, unknownVariables: unknown })
  printLines(
    `${join(data, CONFIG_FILE)} is right.`,
    ...unknown.map(
      ({ name, nearest }) => `Ignored: ${name} is of no key${nearest === null ? '' : `; did you mean ${nearest}?`}`,
    ),
  )
}

async function show({ data, set, json, origin }: ConfigOptions): Promise<void> {
  const { config, originOf } = await readLayeredConfig(data, { flags: set ?? [] })
  const keys = configKeys(CONFIG_SCHEMA).flatMap(({ key }) => {
    const value = key.split('.').reduce<unknown>((inner, part) => (inner as Record<string, unknown>)?.[part], config)
    // a former name of another key has no value of its own
    return value === undefined ? [] : [{ key, value, origin: originOf(key), variable: variableOf(key) }]
  })
  if (json) return printJson({ keys, datasets: config.datasets })
  const width = Math.max(...keys.map(({ key }) => key.length))
  printLines(
    ...keys.map(one => {
      const source = one.origin === 'environment' ? one.variable : one.origin
      return `${one.key.padEnd(width)}  ${JSON.stringify(one.value)}${origin ? `  (${source})` : ''}`
    }),
    ...Object.keys(config.datasets).map(name => `datasets.${name}${origin ? '  (file)' : ''}`),
  )
}

/** A JSON Schema is a document of its own, so it has no version of ours. */
function schema(): void {
  const made = z.toJSONSchema(CONFIG_SCHEMA, { io: 'input', unrepresentable: 'any' })
  printLines(JSON.stringify({ title: 'config.toml of a node of confrere', ...made }, null, 2))
}
