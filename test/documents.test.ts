// Claims about the documents: every relative link leads somewhere, every file that they name is there, what comments cite
// is in them, they keep their length, and the package has them all.

import { access, readdir, readFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import test from 'ava'
import { readTree } from './helpers/tree/tree.ts'

const ROOT = join(import.meta.dirname, '..')

const LINES_MAX: Readonly<Record<string, number>> = {
  'README.md': 120,
  'CONTRIBUTING.md': 120,
  'docs/architecture.md': 250,
  'docs/operating.md': 200,
  'docs/studies.md': 200,
  'docs/configuration.md': 80,
}

/** A path from the root: of a floor, with a folder's slash or a file's ending. */
const PATH = /`((?:crypto|protocols|node|sim|test|docs)\/[\w./-]*(?:\/|\.(?:ts|md|toml|service|json)))`/g
const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g
/** `privacy.md`, or `architecture.md, "Folders"` with a section's title. */
const CITATION = /([a-z-]+\.md)(?:,? \(?"([^"]+)")?/g

async function readDocuments(): Promise<Map<string, string>> {
  const top = (await readdir(ROOT)).filter(name => name.endsWith('.md'))
  const docs = (await readdir(join(ROOT, 'docs'))).filter(name => name.endsWith('.md')).map(name => `docs/${name}`)
  const names = [...top, ...docs, 'protocols/README.md']
  return new Map(
    await Promise.all(
      names.map(async (name): Promise<[string, string]> => [name, await readFile(join(ROOT, name), 'utf8')]),
    ),
  )
}

/** Text without fenced blocks, in which nothing is a link or a heading. */
function prose(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '')
}

function headings(text: string): string[] {
  return [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, title]) => title!)
}

/** As GitHub makes them. */
function anchors(text: string): string[] {
  return headings(text).map(title =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** Relative links of a document: the file from the root, and the section. */
function linksOf(name: string, text: string): { file: string; section: string | undefined }[] {
  const targets = [...prose(text).matchAll(LINK)].map(([, target]) => target!)
  return targets
    .filter(target => !/^[a-z]+:/.test(target))
    .map(target => {
      const [path, section] = target.split('#')
      return { file: path === '' ? name : normalize(join(dirname(name), path!)), section }
    })
}

function exists(path: string): Promise<boolean> {
  return access(join(ROOT, path)).then(
    () => true,
    () => false,
  )
}

async function deadLinks(name: string, text: string, documents: ReadonlyMap<string, string>): Promise<string[]> {
  const dead: string[] = []
  for (const { file, section } of linksOf(name, text)) {
    const lost = section !== undefined && !anchors(documents.get(file) ?? '').includes(section)
    if (lost || !(await exists(file))) dead.push(`${name}: ${file}${section === undefined ? '' : `#${section}`}`)
  }
  return dead
}

async function missingPaths(name: string, text: string): Promise<string[]> {
  const paths = [...new Set([...prose(text).matchAll(PATH)].map(([, path]) => path!))]
  const found = await Promise.all(paths.map(path => exists(path)))
  return paths.filter((_, at) => !found[at]).map(path => `${name}: ${path}`)
}

/** Citations of sources that no document answers. */
function lostCitations(sources: ReadonlyMap<string, string>, documents: ReadonlyMap<string, string>): string[] {
  const lost: string[] = []
  for (const [source, text] of sources) {
    for (const [whole, file, section] of text.matchAll(CITATION)) {
      if (!/^(\/\/|\/?\*)/.test(text.slice(text.lastIndexOf('\n', text.indexOf(whole)) + 1).trimStart())) continue
      const document = documents.get(`docs/${file}`)
      if (document === undefined || (section !== undefined && !headings(document).includes(section)))
        lost.push(`${source}: ${whole}`)
    }
  }
  return lost
}

test('every relative link of the documents leads to a file, and to a section where it names one', async t => {
  const documents = await readDocuments()
  t.true(documents.size >= 12)
  for (const [name, text] of documents) t.deepEqual(await deadLinks(name, text, documents), [])
})

test('a link to nothing, and one to a section that is not there, are found', async t => {
  const documents = await readDocuments()
  const planted =
    'See [a](docs/nothing.md), [b](docs/privacy.md#no-such), [c](#none), [d](https://example.org/x), [e](docs/privacy.md#ledger).'
  t.deepEqual(await deadLinks('README.md', planted, documents), [
    'README.md: docs/nothing.md',
    'README.md: docs/privacy.md#no-such',
    'README.md: README.md#none',
  ])
})

test('every file and folder that the documents name by its path is there', async t => {
  for (const [name, text] of await readDocuments()) {
    t.deepEqual(await missingPaths(name, text), [])
  }
  t.deepEqual(await missingPaths('x', 'Not `node/nothing.ts` nor `sim/nowhere/`, but `node/cli/main.ts`.'), [
    'x: node/nothing.ts',
    'x: sim/nowhere/',
  ])
})

test('what comments cite is in the documents, section by section', async t => {
  const documents = await readDocuments()
  const { sources } = await readTree(ROOT)
  const own = [...sources].filter(([path]) => path !== 'test/documents.test.ts')
  t.true(own.some(([, text]) => text.includes('secure-aggregation.md, "Invariants"')))
  t.deepEqual(lostCitations(new Map(own), documents), [])
  const planted = new Map([
    ['a.ts', '/** See privacy.md. */\n// See privacy.md, "No such section"\n/** See nothing.md */'],
  ])
  t.deepEqual(lostCitations(planted, documents), ['a.ts: privacy.md, "No such section"', 'a.ts: nothing.md'])
})

test('a document keeps its length', async t => {
  const documents = await readDocuments()
  for (const [name, most] of Object.entries(LINES_MAX)) {
    const lines = documents.get(name)!.replace(/\n$/, '').split('\n').length
    t.true(lines <= most, `${name} has ${lines} lines, and may have ${most}`)
  }
})

test('the package has every document, and all that they link to', async t => {
  const { files } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { files: string[] }
  const packed = (file: string) => files.some(entry => file === entry || file.startsWith(`${entry}/`))
  for (const [name, text] of await readDocuments()) {
    t.true(packed(name), name)
    for (const { file } of linksOf(name, text)) t.true(packed(file), `${name} links to ${file}`)
  }
})
