/** A real PACS for one test: Orthanc with its DICOMweb plugin, on loopback, in a folder that goes with the test. @module */

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { temporaryFolder } from '../../../helpers/temporary-folder.ts'

/** Where Debian's packages `orthanc` and `orthanc-dicomweb` put them. */
const PROGRAM = '/usr/sbin/Orthanc'
const PLUGIN = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so'
const START_TRIES = 300

export const ORTHANC_THERE = existsSync(PROGRAM) && existsSync(PLUGIN)
export const NAME = 'reader'
export const PASSWORD = 'correct horse'

export interface Orthanc {
  /** of its DICOMweb service */
  readonly url: string
  /** Stores a DICOM file. */
  readonly store: (file: Uint8Array) => Promise<void>
  /** Ends the process. */
  readonly stop: () => Promise<void>
}

export async function startOrthanc(t: ExecutionContext): Promise<Orthanc> {
  const folder = await temporaryFolder(t)
  const port = await freePort()
  const config = {
    Name: 'TEST',
    StorageDirectory: join(folder, 'storage'),
    IndexDirectory: join(folder, 'index'),
    TemporaryDirectory: folder,
    HttpPort: port,
    DicomServerEnabled: false,
    RemoteAccessAllowed: false,
    AuthenticationEnabled: true,
    RegisteredUsers: { [NAME]: PASSWORD },
    Plugins: [PLUGIN],
    DicomWeb: { Enable: true, Root: '/dicom-web/' },
  }
  await writeFile(join(folder, 'config.json'), JSON.stringify(config))
  const child = spawn(PROGRAM, [join(folder, 'config.json')], { cwd: folder, stdio: 'ignore' })
  const stop = () => ended(child)
  // before the folder is removed: teardowns run from the last to the first
  t.teardown(stop)
  // a test that is cut off leaves no PACS behind
  process.once('exit', () => child.kill('SIGKILL'))
  const root = `http://127.0.0.1:${port}`
  const headers = { authorization: `Basic ${Buffer.from(`${NAME}:${PASSWORD}`).toString('base64')}` }
  for (let tries = 0; ; tries++) {
    const answer = await fetch(`${root}/dicom-web/studies?limit=1`, { headers }).catch(() => null)
    if (answer?.ok) break
    if (child.exitCode !== null || tries > START_TRIES) throw new Error(`Orthanc does not start (${child.exitCode})`)
    await wait(100)
  }
  const store = async (file: Uint8Array): Promise<void> => {
    const answer = await fetch(`${root}/instances`, { method: 'POST', headers, body: new Uint8Array(file) })
    if (!answer.ok) throw new Error(`Orthanc does not store the file: ${answer.status}`)
  }
  return { url: `${root}/dicom-web`, store, stop }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await exit
  clearTimeout(timer)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}
