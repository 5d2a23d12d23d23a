/** One hospital of the demonstration: its folder, its process, and what it says over HTTP. @module */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CONFIG_FILE } from '../../node/config.ts'
import type { NodeStatus, RoundRecord } from '../../node/status.ts'
import { type Ending, endedEarly, type NodeProcess, runCommand, startNode } from './child.ts'

const ASK_TIMEOUT_MS = 3000
const STOP_TIMEOUT_MS = 20_000

export interface HospitalInit {
  readonly site: string
  /** its data folder */
  readonly folder: string
  /** its records, an .npz */
  readonly npz: string
  readonly log: string
  readonly ports: { readonly listen: number; readonly http: number }
  readonly epsilonMax: number
  /** whom it asks first for the others' addresses */
  readonly bootstrap: Hospital | undefined
}

/** Names, in the order in which hospitals join. */
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

  /** Makes its data folder and identity. @throws ChildError */
  static async create(init: HospitalInit): Promise<Hospital> {
    const { folder, site, npz, ports, epsilonMax, bootstrap } = init
    const data = ['--data', folder]
    const network = ['--listen', addressOf(ports.listen), '--http-port', String(ports.http)]
    const first = bootstrap === undefined ? [] : ['--bootstrap', bootstrap.address]
    await runCommand([
      'init',
      ...data,
      '--site',
      site,
      '--npz',
      npz,
      '--epsilon-max',
      String(epsilonMax),
      ...network,
      ...first,
    ])
    await editConfig(join(folder, CONFIG_FILE))
    return new Hospital(init, (await runCommand(['id', ...data])).trim())
  }

  /** Where others reach it. */
  get address(): string {
    return `${addressOf(this.#init.ports.listen)}/p2p/${this.peer}`
  }

  get runs(): boolean {
    return this.#process !== undefined
  }

  /** Starts its node; after a stop or a kill, once more. */
  start(): void {
    const { folder, log } = this.#init
    const started = startNode({ folder, log })
    this.#process = started
    this.#ending = undefined
    started.ended.then(ending => {
      // one that was told to end is no longer ours
      if (this.#process === started) this.#ending = ending
    })
  }

  /** Ends it the hard way, without a warning. */
  async kill(): Promise<void> {
    const process = this.#process
    this.#process = undefined
    process?.signal('SIGKILL')
    await process?.ended
  }

  /**
   * Stops its node in order.
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

  async #ask<T>(path: string): Promise<T | undefined> {
    if (!this.runs) return undefined
    await this.requireRunning()
    try {
      const signal = AbortSignal.timeout(ASK_TIMEOUT_MS)
      const response = await fetch(`http://127.0.0.1:${this.#init.ports.http}${path}`, { signal })
      return response.ok ? ((await response.json()) as T) : undefined
    } catch {
      return undefined
    }
  }
}

function addressOf(port: number): string {
  return `/ip4/127.0.0.1/tcp/${port}`
}

/** What an operator would change by hand: look for others by multicast too, and log less. */
async function editConfig(file: string): Promise<void> {
  const text = await readFile(file, 'utf8')
  const changed = text.replace(/^mdns = false$/m, 'mdns = true').replace(/^level = "info"$/m, 'level = "warn"')
  await writeFile(file, changed)
}
