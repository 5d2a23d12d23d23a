// Claims of node/storage/source-tree.ts: a source tree never becomes a data folder, whatever the path looks like, and a
// new folder inside a git checkout is never committed.

import { execFile } from 'node:child_process'
import { mkdir, realpath, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { createDataFolder, GITIGNORE_FILE, GITIGNORE_TEXT } from '../../../node/storage/data-folder.ts'
import { requireApart } from '../../../node/storage/source-tree.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const ROOT = join(import.meta.dirname, '../../..')
const NEW_FOLDER = /folder that does not exist yet/

async function refuses(t: ExecutionContext, folder: string, message: RegExp, hint = NEW_FOLDER): Promise<void> {
  const error = await t.throwsAsync(requireApart(folder), { instanceOf: OperatorError, code: 'source-tree', message })
  t.is(error!.exitCode, EXIT.config)
  t.true(error!.message.startsWith(`${folder} cannot become a data folder`))
  t.regex(error!.hint, hint)
}

/** A git checkout with an empty and a full folder. */
async function checkout(t: ExecutionContext): Promise<{ root: string; tree: string }> {
  const root = await realpath(await temporaryFolder(t))
  const tree = join(root, 'tree')
  await mkdir(join(tree, '.git'), { recursive: true })
  await mkdir(join(tree, 'empty'))
  await mkdir(join(tree, 'full'))
  await writeFile(join(tree, 'full', 'source.py'), '')
  return { root, tree }
}

test('a folder that is the root of a source tree is refused, and the entry that shows it is named', async t => {
  const root = await temporaryFolder(t)
  for (const [at, entry] of ['.git', '.hg', '.svn', 'package.json'].entries()) {
    const folder = join(root, `tree-${at}`)
    await mkdir(folder)
    await requireApart(folder)
    // in a worktree or a submodule .git is a file
    await writeFile(join(folder, entry), '')
    await refuses(t, folder, new RegExp(`root of a source tree \\(it holds \\${entry}\\)`))
  }
})

test('a folder with a .gitignore of its own is a source tree, one with that of a data folder is none', async t => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, GITIGNORE_FILE), GITIGNORE_TEXT)
  t.is(await requireApart(folder), null)
  await writeFile(join(folder, GITIGNORE_FILE), '*.log\n')
  await refuses(t, folder, /it holds a \.gitignore of its own/)
})

test('inside a git checkout a new or empty folder passes and the checkout is told, one with files is refused', async t => {
  const { tree } = await checkout(t)
  for (const name of ['empty', 'new', 'new/deep', 'full/new']) t.is(await requireApart(join(tree, name)), tree)
  await writeFile(join(tree, 'empty', GITIGNORE_FILE), GITIGNORE_TEXT)
  t.is(await requireApart(join(tree, 'empty')), tree)
  await refuses(t, join(tree, 'full'), /part of the source tree .* and has files already/)
})

test('symbolic links are followed to what they mean', async t => {
  const { root, tree } = await checkout(t)
  const link = join(root, 'link')
  await symlink(tree, link)
  await refuses(t, link, /root of a source tree/)
  await refuses(t, join(link, 'full'), /part of the source tree/)
  t.is(await requireApart(join(link, 'new')), tree)
  const outside = join(tree, 'outside')
  await mkdir(join(root, 'apart'))
  await symlink(join(root, 'apart'), outside)
  t.is(await requireApart(outside), null)
})

test('a path that leads nowhere is one sentence and no bug', async t => {
  const root = await temporaryFolder(t)
  await symlink('loop', join(root, 'loop'))
  await writeFile(join(root, 'file'), '')
  for (const name of ['loop', 'file', 'file/below', 'x'.repeat(300)]) {
    await t.throwsAsync(requireApart(join(root, name)), { instanceOf: OperatorError, code: 'folder-not-writable' })
  }
})

test('inside a tree of a system that reads no .gitignore nothing passes', async t => {
  const root = await realpath(await temporaryFolder(t))
  await mkdir(join(root, '.hg'))
  await refuses(t, join(root, 'new'), /lies in the source tree/, new RegExp(`outside of ${root} `))
})

test('the folders of the program itself and of installed packages are refused', async t => {
  await refuses(t, ROOT, /root of a source tree/)
  await refuses(t, join(ROOT, 'docs'), /part of the source tree .* has files already/)
  await refuses(t, join(ROOT, 'node_modules', 'new'), /npm replaces/, /outside of node_modules/)
  t.is(await requireApart(join(ROOT, 'no-such-folder')), await realpath(ROOT))
})

test('a folder with files outside of every source tree passes', async t => {
  const root = await temporaryFolder(t)
  await writeFile(join(root, 'records.npz'), '')
  t.is(await requireApart(root), null)
})

test('git commits nothing of a data folder inside a checkout, whatever the checkout says', async t => {
  const root = await temporaryFolder(t)
  const git = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('git', ['-C', root, ...args])).stdout
  try {
    await git('init', '--quiet')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return t.pass('skipped: there is no git on this machine')
  }
  await writeFile(join(root, GITIGNORE_FILE), '!*\n!identity.key\n')
  const folder = join(root, 'node')
  await createDataFolder(folder, 'studies')
  for (const name of ['identity.key', 'config.toml', 'studies/a.study']) await writeFile(join(folder, name), 'x')
  await git('add', '--all')
  t.is(await git('ls-files'), '.gitignore\n')
  // the check sees what it should: without the file all would be committed
  await rename(join(folder, GITIGNORE_FILE), join(root, 'moved'))
  await git('add', '--all')
  t.regex(await git('ls-files'), /node\/identity\.key/)
})
