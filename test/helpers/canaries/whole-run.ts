/** A whole run of three hospitals with canaries in their data, and all bytes that it leaves. @module */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { appendFile, cp, mkdir, readdir, readFile, rename, truncate, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeStatus } from '../../../node/http/status.ts'
import { freePorts } from '../../../sim/processes/ports.ts'
import { specText } from '../study/study-spec.ts'
import { PLANT_VARIABLE } from '../tree/plant.ts'
import { type CanaryData, IMAGES, writeCanaryData } from './files.ts'
import { type Haystack, MARK } from './search.ts'

const MAIN = join(import.meta.dirname, '../../../node/cli/main.ts')
const PRELOAD = join(import.meta.dirname, 'preload.ts')
const SITES = ['header', 'list', 'names'] as const
const ROUTES = ['/livez', '/readyz', '/v1/status', '/v1/privacy', '/v1/rounds', '/v1/rounds?since=2', '/metrics', '/']

type Name = (typeof SITES)[number] | 'tables' | 'texts' | 'sounds'

interface Site {
  readonly name: (typeof SITES)[number]
  readonly folder: string
  readonly port: number
  readonly http: number
  readonly peer: string
}

interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
}

/** What a command may say on its own operator's terminal, and nowhere else. */
export interface Allowed {
  /** texts that are taken out of its output before it is searched */
  readonly texts?: readonly string[]
  /** exit code that it must end with; null: any */
  readonly code?: number | null
}

/** Three hospitals in a folder, and everything that was said or written so far. */
export class WholeRun {
  /** id of the study that was founded */
  #study = ''
  /** what commands said, and what HTTP answered */
  readonly said: Haystack[] = []
  readonly sites: Site[] = []
  readonly #root: string
  readonly #plant: string | undefined
  readonly #running = new Map<Site, Running>()
  #data: Readonly<Record<string, CanaryData>> = {}

  /** @param plant name of a bug that is planted into all processes */
  constructor(root: string, plant?: string) {
    this.#root = root
    this.#plant = plant
  }

  /** Writes the data and makes the data folders. */
  async begin(): Promise<void> {
    await mkdir(this.path('logs'))
    this.#data = await writeCanaryData(join(this.#root, `${MARK}ROOT`))
    for (const [name, { contract }] of Object.entries(this.#data)) {
      await writeFile(this.contract(name as Name), ['[contract]', ...contract, ''].join('\n'))
    }
    const ports = await freePorts(2 * SITES.length)
    for (const [at, name] of SITES.entries()) {
      const folder = join(this.#root, `node-${name}`)
      const [port, http] = ports.slice(2 * at) as [number, number]
      const first = this.sites[0]
      const bootstrap = first ? ['--bootstrap', `/ip4/127.0.0.1/tcp/${first.port}/p2p/${first.peer}`] : []
      const network = ['--listen', `/ip4/127.0.0.1/tcp/${port}`, '--http-port', String(http), ...bootstrap]
      await this.command(['init', '--data', folder, '--site', `Hospital ${name}`, ...network])
      const config = join(folder, 'config.toml')
      const text = await readFile(config, 'utf8')
      await writeFile(config, text.replace('level = "info"', 'level = "trace"').replace('mdns = true', 'mdns = false'))
      this.sites.push({ name, folder, port, http, peer: (await this.command(['id', '--data', folder])).trim() })
    }
  }

  data(name: Name): CanaryData {
    return this.#data[name]!
  }

  path(name: string): string {
    return join(this.#root, name)
  }

  contract(name: Name): string {
    return this.path(`${name}.toml`)
  }

  site(name: Site['name']): Site {
    return this.sites.find(site => site.name === name)!
  }

  /** What the operator named, and names of the files there: what `data check` and `data add` may say. */
  shown(name: Name): string[] {
    const { path, options, files } = this.data(name)
    return [...files, path, ...options.filter(option => !option.startsWith('-'))]
  }

  /** Checks files and reads them into a data set. */
  async add(name: Name, site: Site): Promise<void> {
    const { path, options } = this.data(name)
    const own = [path, '--contract', this.contract(name), ...options]
    const allowed = { texts: this.shown(name) }
    await this.command(['data', 'check', ...own], allowed)
    await this.command(['data', 'check', path, '--json'], { ...allowed, code: null })
    await this.readInto(name, site)
  }

  /** Reads files into a data set. */
  async readInto(name: Name, site: Site): Promise<void> {
    const { path, options } = this.data(name)
    const args = [name, path, '--contract', this.contract(name), ...options, '--data', site.folder]
    await this.command(['data', 'add', ...args], { texts: this.shown(name) })
  }

  /** Writes a study of images that hospitals approve. */
  async found(rounds: number, sites: readonly Site[] = this.sites): Promise<void> {
    const [spec, study] = [this.path('spec.toml'), this.path('spec.study')]
    const changes = { rounds: `rounds = ${rounds}`, filters: null, groups: null }
    const text = specText(
      this.sites.map(({ peer }) => peer),
      { ...changes, kind: null, shape: null, classes: IMAGES.join('\n'), sampleRate: 'sampleRate = 0.5' },
    )
    await writeFile(spec, text.replace('preset = "cnn"', 'preset = "logistic"'))
    const [first] = this.sites as [Site]
    await this.command(['study', 'new', spec, '--out', study, '--data', first.folder])
    this.#study = JSON.parse(await this.command(['study', 'show', study, '--json'])).study
    for (const { name, folder } of sites) {
      await this.command(['study', 'approve', study, '--data', folder, '--dataset', name])
    }
  }

  /** Runs a command to its end. Returns its stdout. @throws Error when it ends with another code */
  async command(args: readonly string[], { texts = [], code = 0 }: Allowed = {}): Promise<string> {
    const [command, ...rest] = this.#process(args)
    const outcome = await new Promise<{ code: number; stdout: string; stderr: string }>(resolve => {
      execFile(command!, rest, { env: this.#environment(), maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
      })
    })
    const said = [...texts]
      .sort((a, b) => b.length - a.length)
      .reduce((text, allowed) => text.replaceAll(allowed, ''), `${outcome.stdout}${outcome.stderr}`)
    this.said.push({ name: `confrere ${args.slice(0, 2).join(' ')}`, bytes: Buffer.from(said) })
    if (code === null || outcome.code === code) return outcome.stdout
    throw new Error(`confrere ${args.join(' ')} ended with ${outcome.code}: ${outcome.stderr}${outcome.stdout}`)
  }

  /** Starts a node; all that it says is searched. */
  start(site: Site, ...options: string[]): Running {
    const [command, ...args] = this.#process(['start', '--data', site.folder, ...options])
    // appended to a file, as a service manager does: a pipe would make the node wait for this process
    const log = openSync(this.#logOf(site), 'a')
    const child = spawn(command!, args, { env: this.#environment(), stdio: ['ignore', log, log] })
    closeSync(log)
    const ended = new Promise<number | null>(resolve => child.once('exit', code => resolve(code)))
    const running = { child, ended }
    this.#running.set(site, running)
    return running
  }

  startAll(): void {
    for (const site of this.sites) this.start(site)
  }

  /** Stops all nodes in order. @throws Error when one ends badly */
  async stopAll(): Promise<void> {
    const running = [...this.#running.values()]
    this.#running.clear()
    for (const { child } of running) child.kill('SIGTERM')
    const codes = await Promise.all(running.map(({ ended }) => ended))
    if (codes.some(code => code !== 0)) throw new Error(`nodes ended with ${codes.join()}`)
  }

  /** Kills what still runs. */
  async end(): Promise<void> {
    for (const { child } of this.#running.values()) child.kill('SIGKILL')
    await Promise.all([...this.#running.values()].map(({ ended }) => ended))
  }

  /** Waits until all nodes are so far. @throws Error when one has ended */
  async until(condition: (status: NodeStatus) => boolean, sites: readonly Site[] = this.sites): Promise<void> {
    for (const site of sites) {
      for (;;) {
        const answer = await fetch(`http://127.0.0.1:${site.http}/v1/status`).catch(() => undefined)
        if (answer?.ok && condition((await answer.json()) as NodeStatus)) break
        if (this.#running.get(site)?.child.exitCode != null) {
          throw new Error(`the node ${site.name} ended: ${await readFile(this.#logOf(site), 'utf8')}`)
        }
        await sleep(50)
      }
    }
  }

  /** Runs a node alone until it has read its records. */
  async readsRecords(site: Site): Promise<void> {
    this.start(site)
    await this.until(({ phase }) => phase !== 'starting', [site])
    await this.stopAll()
  }

  /** Keeps what all routes answer. */
  async fetchAll(): Promise<void> {
    for (const { http, name } of this.sites) {
      for (const route of ROUTES) {
        const answer = await fetch(`http://127.0.0.1:${http}${route}`)
        const head = JSON.stringify([...answer.headers])
        this.said.push({ name: `${route} of ${name}`, bytes: Buffer.from(head + (await answer.text())) })
      }
    }
  }

  /** Damages a file of a data set: its records are read anew at the next start. */
  async damage(name: Name, at: number): Promise<void> {
    const { path, files } = this.data(name)
    await truncate(join(path, files[at]!), 300)
  }

  /** Breaks a data set, requires that the node does not start, and mends it. */
  async failsToStart(site: Site, how: 'gone' | 'list'): Promise<void> {
    const { path, options } = this.data(site.name)
    const broken = how === 'gone' ? path : options[1]!
    if (how === 'gone') await rename(path, `${path}.away`)
    else {
      await cp(broken, `${broken}.away`)
      await appendFile(broken, `\n${MARK},"${MARK}`)
    }
    // for this study alone, the node ends with it
    const { ended } = this.start(site, '--study', this.#study)
    this.#running.delete(site)
    if ((await ended) !== 12) throw new Error(`${site.name} started`)
    await rename(`${broken}.away`, broken)
  }

  /** Takes patients out, with letters. */
  async withdraw(site: Site, patients: readonly string[]): Promise<void> {
    const list = this.path('withdrawn.txt')
    await writeFile(list, patients.map(id => `${id}\n`).join(''))
    await this.command(['data', 'withdraw', list, '--data', site.folder, '--letters', this.path('letters')])
  }

  #logOf({ name }: Site): string {
    return join(this.#root, 'logs', `${name}.log`)
  }

  /** All that was said, and all files of the data folders, of the logs and of other folders that the run wrote. */
  async haystacks(...others: string[]): Promise<Haystack[]> {
    const folders = [...this.sites.map(({ folder }) => folder), ...['logs', ...others].map(name => this.path(name))]
    const files = await Promise.all(folders.map(folder => this.#filesOf(folder)))
    return [...this.said, ...files.flat()]
  }

  async #filesOf(folder: string): Promise<Haystack[]> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
    const found = await Promise.all(
      files.map(async file => ({ name: relative(this.#root, file), bytes: await this.#contentOf(file) })),
    )
    const names = {
      name: `names in ${relative(this.#root, folder)}`,
      bytes: Buffer.from(entries.map(({ name }) => name).join('\n')),
    }
    return [...found, names]
  }

  /** A file; from the config, the paths that the operator named are taken out, and nothing else. */
  async #contentOf(file: string): Promise<Uint8Array> {
    const bytes = await readFile(file)
    if (!file.endsWith('config.toml')) return bytes
    const named = Object.values(this.#data).flatMap(({ path, options }) => [path, options[1] ?? path])
    return Buffer.from(named.reduce((text, path) => text.replaceAll(JSON.stringify(path), ''), bytes.toString()))
  }

  #process(args: readonly string[]): string[] {
    const preload = this.#plant === undefined ? [] : ['--import', PRELOAD]
    return [process.execPath, ...preload, MAIN, ...args]
  }

  #environment(): NodeJS.ProcessEnv {
    const plant = this.#plant === undefined ? {} : { [PLANT_VARIABLE]: this.#plant }
    return { ...process.env, DEBUG: '1', NODE_OPTIONS: '', NO_COLOR: '1', ...plant }
  }
}
