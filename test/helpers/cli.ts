/** The real command line in real processes, for tests. @module */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'

const MAIN = join(import.meta.dirname, '../../node/cli/main.ts')
const environment = () => ({ ...process.env, DEBUG: '', NODE_OPTIONS: '', NO_COLOR: '1' })

export interface Outcome {
  code: number
  stdout: string
  stderr: string
}

/** Runs a command to its end. */
export function confrere(...args: string[]): Promise<Outcome> {
  return new Promise(resolve => {
    execFile(process.execPath, [MAIN, ...args], { env: environment() }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

/** Requires that a command succeeds with an empty stderr. Returns its stdout. */
export async function works(t: ExecutionContext, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await confrere(...args)
  t.deepEqual({ code, stderr }, { code: 0, stderr: '' }, `confrere ${args.join(' ')}`)
  return stdout
}

/** Requires that a command fails with this code, a sentence and a hint on stderr, and no stack. Returns its stderr. */
export async function fails(t: ExecutionContext, exitCode: number, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await confrere(...args)
  t.is(code, exitCode, `confrere ${args.join(' ')}: ${stderr}`)
  t.is(stdout, '')
  // a node that had begun has logged before
  const said = stderr.replace(/^\{.*\}\n/gm, '')
  t.regex(said, /^confrere: .+\n {2}hint: .+\n$/)
  return said
}

/** A node that runs until the test ends. */
export interface NodeProcess {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  readonly log: () => string
}

/** Starts `confrere start`. */
export function startProcess(t: ExecutionContext, folder: string, ...options: string[]): NodeProcess {
  return startPreloaded(t, [], [folder, ...options])
}

/** Starts `confrere start` in a process with options of Node, such as a module that is loaded first. */
export function startPreloaded(
  t: ExecutionContext,
  nodeOptions: string[],
  [folder, ...options]: string[],
): NodeProcess {
  const args = [...nodeOptions, MAIN, 'start', '--data', folder as string, ...options]
  const child = spawn(process.execPath, args, { env: environment(), stdio: 'pipe' })
  let log = ''
  child.stderr.on('data', data => {
    log += data
  })
  const exited = new Promise<number | null>(resolve => child.once('exit', resolve))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return { child, exited, log: () => log }
}

/** A port that is free at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}
