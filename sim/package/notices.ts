/** The text of THIRD-PARTY-NOTICES: who wrote what the program needs, under which licence, with its words. @module */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Lockfile, nameOf } from './lockfile.ts'

const LICENCE_FILE = /^(licen[cs]e|copying|notice|third.?party)/i
const TEXT_BYTES_MAX = 256 * 1024
const RULE = '='.repeat(80)

/**
 * Reads the licences' texts from `node_modules`. A text that several packages share stands there once.
 *
 * @param root the folder of package.json
 * @param shrinkwrap what the program needs; what is not installed here, as for another system, brings its text itself
 */
export async function noticesText(root: string, shrinkwrap: Lockfile): Promise<string> {
  const byText = new Map<string, string[]>()
  for (const [folder, { version, license }] of Object.entries(shrinkwrap.packages)) {
    if (folder === '') continue
    const text = await licenceText(join(root, folder))
    const title = `${nameOf(folder)} ${version} (${license})`
    const titles = byText.get(text) ?? []
    if (!titles.includes(title)) byText.set(text, [...titles, title])
  }
  const sections = [...byText]
    .map(([text, titles]) => ({ titles: titles.sort(), text }))
    .sort((a, b) => (a.titles[0]! < b.titles[0]! ? -1 : 1))
    .map(({ titles, text }) => [RULE, ...titles, '', text === '' ? 'Its text comes with the package.' : text, ''])
  const head = ['Confrère is installed with the packages below, each under its own licence.', '']
  return [...head, ...sections.flat()].join('\n')
}

async function licenceText(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => [])
  const texts: string[] = []
  for (const name of names.filter(one => LICENCE_FILE.test(one)).sort()) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => '')
    if (Buffer.byteLength(text) <= TEXT_BYTES_MAX) texts.push(text.replaceAll('\r\n', '\n').trim())
  }
  return texts.filter(text => text !== '').join('\n\n')
}
