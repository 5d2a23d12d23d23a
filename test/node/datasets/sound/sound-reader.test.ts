// Claims of node/datasets/sound/sound-reader.ts: a WAV file becomes a record of the contract's shape; what does not fit is a
// finding with a reason, never an exception; the hash is of the samples, whatever format holds them. Real recordings come
// from the folder that CONFRERE_DATA names.

import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { FileFacts, Finding, Reading } from '../../../../node/datasets/reader.ts'
import { SOUND_READER } from '../../../../node/datasets/sound/sound-reader.ts'
import type { DataContract } from '../../../../protocols/study/contracts/list.ts'
import type { SoundContract } from '../../../../protocols/study/contracts/sound.ts'
import { images } from '../../training/engines.ts'
import { float32, int16, opened, wave } from './waves.ts'

const CONTRACT: SoundContract = {
  kind: 'sound',
  shape: [10, 8],
  classes: ['no', 'yes'],
  labels: [['ja', 'yes']],
  rate: 8000,
  window: 128,
  hop: 64,
  level: [-16, 0],
}
const FACTS: FileFacts = { label: 'yes', patient: null, split: null }
const keyed = (patient: string): Uint8Array => new Uint8Array(16).fill(patient.length)

async function found(
  bytes: Uint8Array,
  contract: DataContract | null = CONTRACT,
  facts: Partial<FileFacts> = {},
): Promise<Finding> {
  const reading: Reading = { contract, keyed, facts: () => ({ ...FACTS, ...facts }) }
  const findings: Finding[] = []
  for await (const finding of SOUND_READER.read(opened('a.wav', bytes), reading)) findings.push(finding)
  if (findings.length !== 1) throw new Error(`${findings.length} findings of one file`)
  return findings[0]!
}

function reasonOf(finding: Finding): string {
  return finding.ok ? '' : finding.reason
}

test('a file becomes one record with its label and split', async t => {
  const finding = await found(wave(), CONTRACT, { split: 'test' })
  t.true(finding.ok)
  if (!finding.ok || finding.record === null) return
  t.is(finding.file, '')
  t.is(finding.record.values.length, 80)
  t.is(finding.record.label, 1)
  t.is(finding.record.patient, null)
  t.is(finding.record.split, 'test')
  const other = await found(wave(), CONTRACT, { label: ' ja ' })
  t.is(other.ok && other.record?.label, 1)
})

test('a patient is hashed where the contract has patients, and required there', async t => {
  const contract: SoundContract = { ...CONTRACT, patients: true }
  const finding = await found(wave(), contract, { patient: ' abc ' })
  t.deepEqual(finding.ok && finding.record?.patient, new Uint8Array(16).fill(3))
  for (const patient of [null, '', '  '])
    t.regex(reasonOf(await found(wave(), contract, { patient })), /^nothing says whose it is/)
})

test('what does not fit is a finding with a reason, and the samples are hashed all the same', async t => {
  const cases: [Promise<Finding>, RegExp][] = [
    [found(wave({ rate: 16_000 })), /^it has 16000 samples a second, and the records have 8000/],
    [found(wave(), CONTRACT, { label: null }), /^nothing says its label/],
    [found(wave(), CONTRACT, { label: 'maybe\u202e' }), /^its label is none of the study's classes/],
    [found(wave(), images()), /^it is a sound, and the records are images/],
  ]
  for (const [finding, reason] of cases) {
    t.regex(reasonOf(await finding), reason)
    t.regex((await finding).sha256 ?? '', /^[0-9a-f]{64}$/)
  }
  const damaged = await found(wave().slice(0, -2))
  t.regex(reasonOf(damaged), /^it is damaged, it is cut short/)
  t.is(damaged.sha256, undefined)
})

test('without a contract a file is only decoded', async t => {
  const finding = await found(wave(), null, { label: null })
  t.true(finding.ok && finding.record === null)
  t.false((await found(wave({ tag: 3, bits: 32, data: float32([Number.NaN]) }), null)).ok)
})

test('the hash is of the samples: the same in another format, another for other samples', async t => {
  const values = Array.from({ length: 70_000 }, (_, i) => (i * 7919) % 30_000)
  const whole = await found(wave({ data: int16(values) }), null)
  const floats = await found(wave({ tag: 3, bits: 32, data: float32(values.map(value => value / 32768)) }), null)
  t.is(whole.sha256, floats.sha256)
  t.not(whole.sha256, (await found(wave({ data: int16(values.with(69_999, 1)) }), null)).sha256)
})

test('an error of the disk is thrown, not a finding', async t => {
  const file = { ...opened('a.wav', wave()), whole: () => Promise.reject(new Error('EIO')) }
  const reading: Reading = { contract: null, keyed, facts: () => FACTS }
  await t.throwsAsync(async () => SOUND_READER.read(file, reading).next(), { message: 'EIO' })
})

const FOLDER = join(process.env['CONFRERE_DATA'] ?? '', 'spoken-digits')
const there = process.env['CONFRERE_DATA'] !== undefined && existsSync(FOLDER)

test(`every recording of spoken digits is a record${there ? '' : ' (skipped: CONFRERE_DATA names no folder with spoken-digits/)'}`, async t => {
  if (!there) return t.pass()
  const contract: SoundContract = {
    ...CONTRACT,
    shape: [50, 20],
    classes: Array.from({ length: 10 }, (_, i) => String(i)),
  }
  const names = (await readdir(FOLDER)).filter(name => name.endsWith('.wav'))
  t.is(names.length, 720)
  const hashes = new Set<string>()
  for (const name of names) {
    const bytes = await readFile(join(FOLDER, name))
    t.true(SOUND_READER.takes(name, bytes.subarray(0, 1024)))
    const finding = await found(bytes, contract, { label: name[0]! })
    if (!finding.ok || finding.record === null) return t.fail(`${name}: ${reasonOf(finding)}`)
    const { values, label } = finding.record
    t.is(label, Number(name[0]))
    t.true(values.every(value => value >= 0 && value <= 1) && values.some(value => value > 0.2))
    hashes.add(finding.sha256!)
  }
  t.true(hashes.size > 700)
})
