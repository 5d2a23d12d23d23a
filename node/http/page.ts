/**
 * The page's files: read once at the start. A request's path is looked up among their names, never in the file system.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
}
const START = 'index.html'

export interface PageFile {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly type: string
  /** with its quotes, as in the header */
  readonly etag: string
}

/** by the path of a URL: `/`, `/page.js` */
export type Page = ReadonlyMap<string, PageFile>

/**
 * Reads the files of a folder, without those of folders in it or of other types than a page has.
 *
 * @param more further files by the path of their URL, such as those of a package
 * @returns without any file where there is no such folder
 */
export async function readPage(folder: string, more: Readonly<Record<string, string>> = {}): Promise<Page> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const own = entries
    .filter(entry => entry.isFile() && !entry.name.startsWith('.'))
    .map(({ name }): [string, string] => [name === START ? '/' : `/${name}`, join(folder, name)])
  const page = new Map<string, PageFile>()
  for (const [path, file] of [...own, ...Object.entries(more)]) {
    const type = TYPES[extname(file).toLowerCase()]
    if (type === undefined) continue
    const bytes = new Uint8Array(await readFile(file))
    page.set(path, { bytes, type, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` })
  }
  return page
}
