// Claims of `confrere data pull`, against a real PACS (Orthanc): its images become a data set with a name, a second pull
// asks for nothing twice, and nothing that names a patient or an instance is said or kept.

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { fails, works } from '../../helpers/cli.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { dicom, type Element, SYNTAX } from '../datasets/dicom/files.ts'
import { NAME, ORTHANC_THERE, PASSWORD, startOrthanc } from '../datasets/dicomweb/orthanc.ts'

const ROOT = '1.2.826.0.1.3680043.9.7778'
const CONTRACT = `[contract]
kind = "image"
shape = [4, 4, 1]
classes = ["healthy", "ill"]
patients = true
pixels = { grey = "display", resize = "area", fit = "stretch" }
`

function uid(tag: number, text: string): Element {
  return [tag, 'UI', Buffer.from(text.length % 2 === 0 ? text : `${text}\0`)]
}

function picture(at: number, patient: string): Buffer {
  const image = { rows: 8, columns: 8, samples: 1, bitsAllocated: 8, colour: 'MONOCHROME2' }
  const pixels = Buffer.from(Array.from({ length: 64 }, (_, pixel) => (pixel * 3 + at * 10) % 256))
  const more: Element[] = [
    uid(0x00080016, '1.2.840.10008.5.1.4.1.1.7'),
    uid(0x00080018, `${ROOT}.${at}.1.1`),
    [0x00100010, 'PN', 'Secret^Name'],
    [0x00100020, 'LO', patient],
    uid(0x0020000d, `${ROOT}.${at}`),
    uid(0x0020000e, `${ROOT}.${at}.1`),
  ]
  return dicom(image, pixels, { syntax: SYNTAX.explicit, more })
}

const pacs = ORTHANC_THERE ? test.serial : test.serial.skip
const reason = ORTHANC_THERE ? '' : ' (skipped: Orthanc is not installed)'

pacs(`images of a PACS become a data set, and nothing is asked for twice${reason}`, async t => {
  const orthanc = await startOrthanc(t)
  const root = await temporaryFolder(t)
  const [data, contract, labels, secret] = ['node', 'contract.toml', 'labels.csv', 'login'].map(name =>
    join(root, name),
  ) as [...[string, string, string, string]]
  for (const at of [0, 1, 2, 3]) await orthanc.store(picture(at, at < 2 ? 'PAT-ANNA' : 'PAT-BERTA'))
  await works(t, 'init', '--data', data, '--site', 'S')
  await writeFile(contract, CONTRACT)
  await writeFile(labels, 'patient,label\nPAT-ANNA,healthy\nPAT-BERTA,ill\nPAT-CARLA,ill\nPAT-DORA,ill\n')
  await writeFile(secret, `basic ${NAME}:${PASSWORD}\n`, { mode: 0o600 })
  const pull = ['data', 'pull', 'lungs', '--dicomweb', orthanc.url, '--contract', contract, '--data', data]
  const full = [...pull, '--patients', labels, '--credentials', secret]
  const said = await works(t, ...full)
  t.regex(said, /Records {3}4: healthy 2, ill 2\nPatients {2}2\n/)
  t.regex(said, /List {6}2 of its 4 entries match nothing that was found: [^\n]+\nKept {6}4 records in all\n/)
  await orthanc.store(picture(4, 'PAT-BERTA'))
  await orthanc.store(picture(5, 'PAT-DORA'))
  const again = JSON.parse(await works(t, ...full, '--json'))
  t.like(again, { kept: 6, records: 2, unmatched: 1 })
  t.regex(await works(t, 'data', 'list', '--data', data), /^lungs {2}http:/m)
  t.regex(await fails(t, 12, ...pull, '--patients', labels), /hint/)
  const uids = join(root, 'uids.csv')
  const entries = [
    `${ROOT}.0,healthy`,
    `${ROOT}.1.1,healthy`,
    `${ROOT}.2.1.1,ill`,
    `${ROOT}.77,ill`,
    `${ROOT}.78.1,ill`,
  ]
  await writeFile(uids, `file,label\n${entries.join('\n')}\n`)
  const byUid = ['data', 'pull', 'listed', ...pull.slice(3), '--list', uids, '--credentials', secret]
  const counted = await works(t, ...byUid)
  t.regex(counted, /List {6}2 of its 5 entries match nothing/)
  t.regex(await works(t, ...byUid), /List {6}2 of its 5 entries match nothing/)
  t.false(counted.includes(ROOT))
  const files = (await readdir(data, { recursive: true, withFileTypes: true })).filter(entry => entry.isFile())
  for (const { parentPath, name } of files) {
    const bytes = await readFile(join(parentPath, name))
    for (const canary of ['PAT-ANNA', 'Secret', ROOT, PASSWORD]) t.false(bytes.includes(canary), name)
  }
  for (const canary of ['PAT-', 'Secret', ROOT, PASSWORD]) t.false(said.includes(canary))
})
