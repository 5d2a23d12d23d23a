/**
 * Linux namespaces of our own for mounts, processes and networks. The kernel removes all mounts, links and processes
 * inside when the program ends, also after a crash.
 *
 * @module namespaces(7), unshare(1)
 */

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'

/** Needs of some scenarios beyond processes. */
export type Need = 'mount' | 'network'

const INSIDE = 'CONFRERE_CHAOS_INSIDE'
const NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
const PROBE_MS_MAX = 10_000
const MOUNT_PROBE = 'mount -t tmpfs tmpfs /run'
const PROBES: Readonly<Record<Need, string>> = {
  mount: MOUNT_PROBE,
  network: [
    MOUNT_PROBE,
    'ip netns add probe',
    'ip -n probe link add bridge0 type bridge',
    'ip -n probe link add probe0 type veth peer name probe1',
    'nsenter --net=/run/netns/probe true',
  ].join(' && '),
}

/** Another user than root becomes root in a user namespace, where the system allows that. */
function unshareArgs(): string[] {
  return process.getuid?.() === 0 ? NAMESPACES : ['--map-root-user', ...NAMESPACES]
}

/** Why this system does not meet a need; undefined when it does. */
export async function lacking(need: Need): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'it needs Linux'
  try {
    await runProgram('unshare', [...unshareArgs(), 'sh', '-c', PROBES[need]])
    return undefined
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string }
    const told = (stderr?.trim() || message).split('\n').at(-1)
    return `${need === 'mount' ? 'mounting' : 'making a network'} is refused (${told}); try it as root`
  }
}

/** Runs a system program to its end and returns its stdout. */
export async function runProgram(program: string, args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(program, [...args], { timeout: PROBE_MS_MAX })).stdout
}

/** Whether this process runs inside the namespaces. */
export function inside(): boolean {
  return process.env[INSIDE] === '1'
}

/**
 * Runs this program again inside the namespaces; it ends by itself after `signal`.
 *
 * @returns its exit code
 */
export async function runInside(signal: AbortSignal): Promise<number> {
  const [script, ...args] = process.argv.slice(1) as [string, ...string[]]
  const child = spawn('unshare', [...unshareArgs(), process.execPath, script, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [INSIDE]: '1' },
  })
  const kill = (): void => void child.kill('SIGKILL')
  process.on('exit', kill)
  // closing the IPC channel notifies it, and so does the end of this program
  signal.addEventListener('abort', () => child.connected && child.disconnect())
  const [code] = (await once(child, 'exit')) as [number | null]
  process.off('exit', kill)
  return code ?? 1
}

/** Inside the namespaces: calls back when the outer program wants to end or has ended. */
export function whenOuterEnds(callback: () => void): void {
  if (inside()) process.once('disconnect', callback)
}
