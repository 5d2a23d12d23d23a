// Claims of node/examples: each file is read by the parser of the program, config.toml there shows every key with its
// default, and whoever names a spec that is not there is shown a file that is.

import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { parseConfig, readConfig } from '../../node/config/config.ts'
import { OperatorError } from '../../node/errors.ts'
import { documentOfSpec, readStudySpec } from '../../node/study/study-spec.ts'
import { decodeStudy, encodeStudy } from '../../protocols/study/document.ts'
import { HEART_BOUNDS } from '../../sim/bench/heart-data.ts'

const ROOT = join(import.meta.dirname, '../..')
const EXAMPLES = join(ROOT, 'node/examples')
const CONFIG = 'config.toml'

test('config.toml says of every key but the records what a config without it has', async t => {
  const { data, ...config } = await readConfig(EXAMPLES)
  const { data: dataDefault, ...defaults } = parseConfig(`site = "${config.site}"`, join(EXAMPLES, CONFIG))
  t.deepEqual(config, defaults)
  t.is(data.split, dataDefault.split)
  t.is(data.file, join(EXAMPLES, 'records.npz'))
})

test('every other example is a spec whose study is in order and keeps its epsilon without a warning', async t => {
  const specs = (await readdir(EXAMPLES)).filter(name => name !== CONFIG)
  t.deepEqual(specs.sort(), ['chest-xray.toml', 'heart-disease-table.toml', 'heart-disease.toml'])
  for (const name of specs) {
    const file = join(EXAMPLES, name)
    const spec = await readStudySpec(file)
    const { document, plan } = documentOfSpec(spec, { created: '2026-01-01T00:00:00Z', file })
    t.deepEqual(decodeStudy(encodeStudy(document)), document, name)
    t.is(document.privacy.epsilon, spec.privacy.epsilon, name)
    t.deepEqual(plan.warnings, [], name)
  }
})

test('a spec that is not there is answered with the path of one that is', async t => {
  const error = await t.throwsAsync(readStudySpec(join(EXAMPLES, 'no-such.toml')), { instanceOf: OperatorError })
  const [, file] = /^Copy (\S+\.toml) and change it\.$/.exec(error.hint) ?? []
  await t.notThrowsAsync(access(file!))
  await t.notThrowsAsync(readStudySpec(file!))
})

test('the examples are in the package', async t => {
  const { files } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  t.true(files.includes('node/examples'))
})

test('the example of tables states the bounds that its figures were measured with', async t => {
  const { contract } = await readStudySpec(join(EXAMPLES, 'heart-disease.toml'))
  t.true(contract.kind === 'vector')
  t.deepEqual(contract.kind === 'vector' && contract.bounds, HEART_BOUNDS as [number, number][])
})
