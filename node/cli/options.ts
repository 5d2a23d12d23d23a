/** Options that several commands share, and parsers of their values. @module */

import { type Command, InvalidArgumentError } from 'commander'

/** Adds the data folder. */
export function addDataOption(command: Command): Command {
  return command.requiredOption('--data <folder>', "the node's data folder")
}

/** Adds the options that say which node is asked. */
export function addNodeOptions(command: Command): Command {
  return command
    .option('--data <folder>', "the node's data folder")
    .option('--url <url>', 'the address of its page instead')
}

/** Adds the switch for machine-readable output. */
export function addJsonOption(command: Command): Command {
  return command.option('--json', 'print JSON')
}

/** Adds settings that go before the config's. */
export function addSetOption(command: Command): Command {
  return command.option(
    '--set <key=value>',
    'a setting in place of the config, such as log.level=debug; repeatable',
    collect,
  )
}

/** Collects the values of a repeatable option. */
export function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value]
}

/** A finite number above 0. @throws InvalidArgumentError */
export function parseNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError('It must be a number above 0.')
  }
  return value
}

/** Parses a number within bounds. */
export function boundedNumber(min: number, max: number): (text: string) => number {
  return text => {
    const value = parseNumber(text)
    if (value < min || value > max) throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`)
    return value
  }
}

/** Parses a whole number within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  const bounded = boundedNumber(min, max)
  return text => {
    const value = bounded(text)
    if (!Number.isInteger(value)) throw new InvalidArgumentError('It must be a whole number.')
    return value
  }
}

/** Parses values with commas between them. */
export function listOf<Value>(parse: (text: string) => Value): (text: string) => Value[] {
  return text => text.split(',').map(part => parse(part.trim()))
}

/** @throws InvalidArgumentError */
export function parsePort(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > 65_535) throw new InvalidArgumentError('It must be a port, 0 to 65535.')
  return value
}

/** First hex digits of a study's id. @throws InvalidArgumentError */
export function parseStudyPrefix(text: string): string {
  if (!/^[0-9a-f]{4,64}$/i.test(text)) {
    throw new InvalidArgumentError("It must be the first 4 or more hex digits of the study's id.")
  }
  return text.toLowerCase()
}
