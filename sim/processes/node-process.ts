/** One hospital as a process of its own: its data folder, its node, and the node's HTTP interface. @module */

import { readFile, writeFile } from 'node:fs/promises'
import { type RequestOptions, request } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CONFIG_FILE } from '../../node/config/config.ts'
import type { PeersAnswer } from '../../node/http/api/contacts.ts'
import type { NodeStatus } from '../../node/http/status.ts'
import type { RoundRecord } from '../../node/storage/round-record.ts'
import { type Ending, endedEarly, type NodeProcess, runCommand, startChild, startNode } from './child.ts'

const ASK_TIMEOUT_MS = 3000
const POLL_MS = 100
const STOP_TIMEOUT_MS = 20_000

export interface HospitalInit {
  readonly site: string
  /** its data folder */
  readonly folder: string
  /** its records, an .npz; absent: none yet */
  readonly npz?: string
  readonly log: string
  readonly ports: { readonly listen: number; readonly http: number }
  readonly epsilonMax?: number
  /** its bootstrap peer, which knows the others' addresses */
  readonly bootstrap?: Hospital | undefined
  /** a line of "confrere invite", with which it joins */
  readonly invitation?: string
  /** lines of `[network]` in its config, by key, in TOML: instead of those that `init` writes */
  readonly network?: Readonly<Record<string, string>>
  readonly logLevel?: 'warn' | 'info' | 'debug'
  /** whether it discovers others by multicast */
  readonly mdns?: boolean
  /** the network namespace that it runs in; absent: this one */
  readonly place?: Place
  /** variables of its process, added to our own */
  readonly environment?: Readonly<Record<string, string>>
}

/** Another network namespace of this machine. */
export interface Place {
  /** its address there */
  readonly host: string
  /** the command prefix that executes a command there */
  readonly enter: readonly string[]
  /** a Unix socket that relays requests from here to its HTTP interface */
  readonly socket: string
}

const RELAY = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './relay.ts' : './relay.js', import.meta.url))

/** Relays requests of a place's socket to the HTTP interface there, until this program ends. */
export function openSocket(
  { socket, enter }: Pick<Place, 'socket' | 'enter'>,
  { httpPort, log }: { httpPort: number; log: string },
): void {
  startChild([RELAY, socket, String(httpPort)], { log, enter })
}

/** Names of the hospitals, by index. */
const SITES = ['Alder', 'Birch', 'Cedar', 'Elm', 'Fir', 'Hazel', 'Juniper', 'Larch', 'Maple', 'Oak', 'Pine', 'Rowan']

export function siteName(index: number): string {
  return SITES[index] ?? `Hospital ${index + 1}`
}

export class Hospital {
  readonly site: string
  readonly folder: string
  readonly peer: string
  readonly #init: HospitalInit
  #process: NodeProcess | undefined
  #ending: Ending | undefined

  private constructor(init: HospitalInit, peer: string) {
    this.site = init.site
    this.folder = init.folder
    this.peer = peer
    this.#init = init
  }

  /** Creates its data folder and identity. @throws ChildError */
  static async create(init: HospitalInit): Promise<Hospital> {
    const { folder, site, npz, ports, epsilonMax, bootstrap, invitation } = init
    await runCommand([
      ...(invitation === undefined ? ['init'] : ['join', invitation]),
      ...['--data', folder, '--site', site],
      ...(npz === undefined ? [] : ['--npz', npz]),
      ...(epsilonMax === undefined ? [] : ['--epsilon-max', String(epsilonMax)]),
      ...['--listen', addressOf(init), '--http-port', String(ports.http)],
      ...(bootstrap === undefined ? [] : ['--bootstrap', bootstrap.address]),
    ])
    await editConfig(join(folder, CONFIG_FILE), init)
    return new Hospital(init, (await runCommand(['id', '--data', folder])).trim())
  }

  /** Its address for other hospitals. */
  get address(): string {
    return `${addressOf(this.#init)}/p2p/${this.peer}`
  }

  /** Runs a command on its data folder, where the hospital is, and returns its stdout. @throws ChildError */
  async command(...args: readonly string[]): Promise<string> {
    return await runCommand([...args, '--data', this.folder], this.#init.place ?? {})
  }

  get runs(): boolean {
    return this.#process !== undefined
  }

  /** Starts its node, also after a stop or a kill. */
  start(): void {
    const { folder, log, place, environment } = this.#init
    const started = startNode({
      folder,
      log,
      ...(place && { enter: place.enter }),
      ...(environment && { environment }),
    })
    this.#process = started
    this.#ending = undefined
    started.ended.then(ending => {
      // ignores a process that was stopped or killed on purpose
      if (this.#process === started) this.#ending = ending
    })
  }

  /** Suspends or resumes its process. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.signal(name)
  }

  /** Waits for its node to end by itself, after which it counts as stopped. Returns how it ended. */
  async ended(): Promise<Ending | undefined> {
    const ending = await this.#process?.ended
    this.#process = undefined
    this.#ending = undefined
    return ending
  }

  /** Its node's log over all runs. */
  async log(): Promise<string> {
    return await readFile(this.#init.log, 'utf8').catch(() => '')
  }

  /** Kills its node by SIGKILL. */
  async kill(): Promise<void> {
    const process = this.#process
    this.#process = undefined
    process?.signal('SIGKILL')
    await process?.ended
  }

  /**
   * Stops its node by SIGTERM.
   *
   * @throws ChildError when it does not end with exit code 0, or not in time
   */
  async stop(): Promise<void> {
    const process = this.#process
    if (process === undefined) return
    await this.requireRunning()
    this.#process = undefined
    process.signal('SIGTERM')
    const timer = setTimeout(() => process.signal('SIGKILL'), STOP_TIMEOUT_MS)
    const ending = await process.ended
    clearTimeout(timer)
    if (ending.code !== 0) throw await endedEarly(this.site, ending, this.#init.log)
  }

  /** @throws ChildError when its node has ended by itself */
  async requireRunning(): Promise<void> {
    if (this.#ending !== undefined) throw await endedEarly(this.site, this.#ending, this.#init.log)
  }

  /** Its status, or undefined while its node does not answer. @throws ChildError when its node has ended */
  status(): Promise<NodeStatus | undefined> {
    return this.#ask<NodeStatus>('/v1/status')
  }

  /** Its finished rounds after a given one. @throws ChildError when its node has ended */
  async roundsAfter(round: number): Promise<RoundRecord[]> {
    return (await this.#ask<RoundRecord[]>(`/v1/rounds?since=${round}`)) ?? []
  }

  /** How it reaches the others; undefined while its node does not answer. @throws ChildError when its node has ended */
  async peers(): Promise<PeersAnswer['peers'] | undefined> {
    return (await this.#ask<PeersAnswer>('/v1/peers'))?.peers
  }

  /**
   * Waits until its study is finished.
   *
   * @returns the hash of its model
   * @throws ChildError when its node ends before; the signal's reason
   */
  async finished(signal: AbortSignal): Promise<string> {
    for (;;) {
      signal.throwIfAborted()
      const status = await this.status()
      if (status?.phase === 'finished' && status.checkpoint !== null) return status.checkpoint
      await this.requireRunning()
      await new Promise(resolve => setTimeout(resolve, POLL_MS))
    }
  }

  async #ask<T>(path: string): Promise<T | undefined> {
    if (!this.runs) return undefined
    await this.requireRunning()
    const { place, ports } = this.#init
    const where = place === undefined ? { host: '127.0.0.1', port: ports.http } : { socketPath: place.socket }
    return await fetchJson<T>({ ...where, path, timeout: ASK_TIMEOUT_MS }).catch(() => undefined)
  }
}

/** Gets JSON, also through a Unix socket; the Host header is always localhost, which the node accepts. */
function fetchJson<T>(options: RequestOptions): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(options.timeout as number)
    const asked = request({ ...options, signal, agent: false, headers: { host: 'localhost' } }, async response => {
      try {
        const parts: Buffer[] = []
        for await (const part of response) parts.push(part as Buffer)
        resolve(response.statusCode === 200 ? (JSON.parse(Buffer.concat(parts).toString()) as T) : undefined)
      } catch (error) {
        reject(error)
      }
    })
    asked.once('error', reject)
    asked.end()
  })
}

function addressOf({ place, ports }: Pick<HospitalInit, 'place' | 'ports'>): string {
  return `/ip4/${place?.host ?? '127.0.0.1'}/tcp/${ports.listen}`
}

/** Edits a config as an operator would by hand: multicast discovery, the log level, the network. */
async function editConfig(
  file: string,
  { mdns = true, logLevel = 'warn', network = {} }: Pick<HospitalInit, 'mdns' | 'logLevel' | 'network'>,
): Promise<void> {
  let text = (await readFile(file, 'utf8')).replace(/^level = "info"$/m, `level = "${logLevel}"`)
  for (const [key, value] of Object.entries({ mdns: String(mdns), ...network })) {
    // `init` writes some keys as comments
    text = text.replace(new RegExp(`^(# )?${key} = .*$`, 'm'), () => `${key} = ${value}`)
  }
  await writeFile(file, text)
}
