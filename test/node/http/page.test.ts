// Claims of node/http/page.ts: the files of the start and no others, whatever a path says.

import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { readPage } from '../../../node/http/page.ts'
import { packageFile } from '../../../node/version.ts'
import { appForTest, LOCAL } from '../../helpers/http/filled-view.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

async function pageFolder(t: Parameters<typeof temporaryFolder>[0]): Promise<string> {
  const folder = await temporaryFolder(t)
  const page = join(folder, 'page')
  await mkdir(join(page, 'deeper'), { recursive: true })
  await writeFile(join(folder, 'secret.js'), 'secret')
  await writeFile(join(page, 'deeper', 'inner.js'), 'inner')
  await writeFile(join(page, 'index.html'), '<!doctype html><title>x</title>')
  await writeFile(join(page, 'page.js'), 'export {}')
  await writeFile(join(page, '.hidden.js'), 'hidden')
  await writeFile(join(page, 'notes.md'), 'notes')
  await symlink('../secret.js', join(page, 'link.js'))
  return page
}

test('a folder gives its files of known types; links, hidden files and folders stay out', async t => {
  const folder = await pageFolder(t)
  const page = await readPage(folder, { '/more.js': join(folder, 'deeper/inner.js') })
  t.deepEqual([...page.keys()].sort(), ['/', '/more.js', '/page.js'])
  t.is((await readPage(join(folder, 'none'))).size, 0)
})

test('a path that leads out of the page finds nothing', async t => {
  const { app } = appForTest({ page: await readPage(await pageFolder(t)) })
  const paths = [
    ...[
      '/../secret.js',
      '/%2e%2e/secret.js',
      '/..%2fsecret.js',
      '/%2e%2e%2fsecret.js',
      '/..%5csecret.js',
      '//secret.js',
    ],
    ...[
      '/link.js',
      '/.hidden.js',
      '/notes.md',
      '/deeper/inner.js',
      '/index.html',
      '/page.js/',
      '/page.js%00',
      '/PAGE.JS',
    ],
    ...['/page.js/../../secret.js', '/%252e%252e/secret.js', '/constructor', '/__proto__'],
  ]
  for (const path of paths) {
    const answer = await app.request(path, { headers: LOCAL })
    t.is(answer.status, 404, path)
    t.false((await answer.text()).includes('secret'), path)
  }
})

test('a file comes with its type and a tag, and not again as long as the tag is the same', async t => {
  const folder = await pageFolder(t)
  const { app } = appForTest({ page: await readPage(folder) })
  const first = await app.request('/page.js', { headers: LOCAL })
  t.is(first.status, 200)
  t.is(first.headers.get('content-type'), 'text/javascript; charset=utf-8')
  t.is(first.headers.get('cache-control'), 'no-cache')
  t.is(await first.text(), 'export {}')
  const etag = first.headers.get('etag')!
  const again = await app.request('/page.js', { headers: { ...LOCAL, 'if-none-match': `"other", ${etag}` } })
  t.is(again.status, 304)
  t.is(await again.text(), '')
  await writeFile(join(folder, 'page.js'), 'export const x = 1')
  const changed = appForTest({ page: await readPage(folder) }).app
  t.is((await changed.request('/page.js', { headers: { ...LOCAL, 'if-none-match': etag } })).status, 200)
  t.is(await (await app.request('/page.js', { headers: LOCAL })).text(), 'export {}', 'read once')
  t.is((await app.request('/', { headers: LOCAL })).headers.get('content-type'), 'text/html; charset=utf-8')
})

test("the node's own page is in the package, and every file that its files name is served", async t => {
  const { files } = JSON.parse(await readFile(packageFile('package.json'), 'utf8')) as { files: string[] }
  t.true(files.includes('node/http/dashboard'))
  const page = await readPage(packageFile('node/http/dashboard'))
  t.true(page.has('/') && page.has('/main.js') && page.has('/style.css'))
  // files of a package
  const served = new Set([...page.keys(), '/uplot.js', '/uplot.css'])
  for (const [path, { bytes }] of page) {
    const text = new TextDecoder().decode(bytes)
    const named = [...text.matchAll(/(?:href|src)="([^#"][^"]*)"|^import .* from '([^']+)'|import\('([^']+\.js)'\)/gm)]
    for (const [, link, module, lazy] of named) {
      const name = new URL((link ?? module ?? lazy) as string, 'http://x/').pathname
      t.true(served.has(name), `${path} names ${name}`)
    }
    t.notRegex(text, /\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\()/, path)
    t.notRegex(text.replaceAll('http://www.w3.org/', ''), /https?:\/\//, path)
  }
})
