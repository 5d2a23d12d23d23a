// Claims of node/datasets/dicomweb/pull.ts: each instance of a PACS ends in one finding, a pull continues where it stopped,
// and no name, patient, UID or password is in an error or a finding.
import { writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { inspect } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { PacsCredentials } from '../../../../node/datasets/dicomweb/credentials.ts'
import { PAGE_RESULTS, PAUSES_MS, SEARCH_BYTES_MAX } from '../../../../node/datasets/dicomweb/limits.ts'
import { PacsError } from '../../../../node/datasets/dicomweb/pacs-error.ts'
import { type PulledFinding, pulledFindings } from '../../../../node/datasets/dicomweb/pull.ts'
import { listLabelling, patientListLabelling } from '../../../../node/datasets/labelling.ts'
import type { Reading } from '../../../../node/datasets/reader.ts'
import { gathered, keyed, reasonOf, valuesOf } from '../../../helpers/readings.ts'
import { temporaryFolder } from '../../../helpers/temporary-folder.ts'
import { SECRETS } from '../dicom/files.ts'
import {
  DCM,
  type FakePacs,
  fakePacs,
  INSTANCE,
  instance,
  json,
  pullOf,
  READING,
  ROOT,
  result,
  STUDIES,
  serve,
  status,
  VALUES,
} from './fake-pacs.ts'
import { partsOf } from './parts.ts'

/** What `pullOf` takes besides the address. */
type More = Parameters<typeof pullOf> extends [string, ...infer Rest] ? Rest : never

const SECRET = 'hunter2'
const HIDDEN = new RegExp(
  [SECRETS.name.replace('^', '\\^'), SECRETS.patient, ROOT.replaceAll('.', '\\.'), SECRET].join('|'),
)
const shown = (value: unknown) => inspect(value, { depth: 12, showHidden: true })

async function pulled(t: ExecutionContext, pacs: FakePacs, ...more: More) {
  const findings = await gathered(pulledFindings(pullOf(pacs.url, ...more).options, READING))
  t.notRegex(shown(findings), HIDDEN)
  return findings
}

async function refused(t: ExecutionContext, url: string, code: string, words: RegExp, ...more: More) {
  const { options, pauses } = pullOf(url, ...more)
  const error = await t.throwsAsync(gathered(pulledFindings(options, READING)), { instanceOf: PacsError, code })
  t.regex(`${error.message}. ${error.hint}`, words)
  t.notRegex(`${shown(error)}${error.stack}`, HIDDEN)
  return { error, pauses }
}

test('each instance is a record, asked for page by page and as it is stored', async t => {
  const pacs = await fakePacs(t, PAGE_RESULTS + 1)
  const findings = await pulled(t, pacs, {
    query: { modality: 'CR', bodyPart: 'CHEST', from: '20200101', to: '20201231' },
  })
  t.is(findings.length, PAGE_RESULTS + 1)
  for (const { finding, done } of findings) {
    t.deepEqual(valuesOf(finding), VALUES)
    t.regex(done!, /^[0-9a-f]{32}$/)
  }
  t.is(new Set(findings.map(({ done }) => done)).size, findings.length)
  t.true(findings[0]!.uids!().study.startsWith(ROOT))
  const [first] = pacs.asked
  t.is(
    first,
    '/dicom-web/studies?ModalitiesInStudy=CR&StudyDate=20200101-20201231&limit=100&offset=0&includefield=0020000D',
  )
  t.true(pacs.asked[1]!.includes('offset=100'))
  t.regex(pacs.asked[2]!, /series\?Modality=CR&BodyPartExamined=CHEST&.*includefield=0020000E/)
  const at = pacs.asked.findIndex(path => INSTANCE.test(path))
  t.is(pacs.headers[at]!.accept, 'multipart/related; type="application/dicom"; transfer-syntax=*')
})

test('a pull that stopped continues: nothing comes twice, nothing is missing, and what failed is tried again', async t => {
  const pacs = await fakePacs(t, 9)
  const bad = new RegExp(`${ROOT.replaceAll('.', '\\.')}\\.2/.*${INSTANCE.source}`)
  pacs.reply(bad, instance(DCM.subarray(0, 300)))
  const done = new Set<string>()
  for (let run = 0; run < 3; run++) {
    let count = 0
    for await (const one of pulledFindings(pullOf(pacs.url, { done: new Set(done) }).options, READING)) {
      if (one.done === null) t.regex(reasonOf(one.finding), /damaged|not a DICOM/)
      else {
        t.false(done.has(one.done))
        done.add(one.done)
      }
      if (++count === 4) break
    }
  }
  t.is(done.size, 8)
  pacs.reply(bad, null)
  t.is((await pulled(t, pacs, { done })).length, 1)
})

test('an instance that fails is a finding, whatever is wrong with it, and the rest is read', async t => {
  const pacs = await fakePacs(t, 2)
  const first = new RegExp(`${ROOT.replaceAll('.', '\\.')}\\.0/.*${INSTANCE.source}`)
  const other = (type: string, body: string | Uint8Array) => (response: ServerResponse) =>
    response.writeHead(200, { 'content-type': type }).end(body)
  const related = 'multipart/related; type="application/dicom"; boundary=b'
  const cases: [Parameters<FakePacs['reply']>[1], RegExp][] = [
    [status(403), /403/],
    [status(404), /404/],
    [status(410), /410/],
    [status(500), /fails \(500\)/],
    [status(406), /refuses the request \(406\)/],
    [response => response.writeHead(204).end(), /0 parts/],
    [instance(DCM, 'other'), /another boundary/],
    [other('multipart/related', partsOf([DCM], 'b')), /boundary/],
    [other('text/html', `<html>${SECRETS.name}`), /a web page, perhaps one to log in/],
    [other('application/dicom', DCM), /no DICOM/],
    [other(related, partsOf([DCM, DCM], 'b')), /2 parts/],
    [other(related, partsOf([DCM], 'b', { stated: '7' })), /another length/],
    [other(related, partsOf([DCM], 'b', { type: 'text/html' })), /no DICOM/],
    [other(related, partsOf([Buffer.from(SECRETS.name)], 'b')), /not a DICOM/],
    [instance(DCM, 'b', { 'content-encoding': 'gzip' }), /compresses/],
    [instance(DCM, 'b', { 'content-length': String(2 ** 40) }), /more than \d+ bytes/],
  ]
  for (const [reply, words] of cases) {
    pacs.reply(first, reply)
    const findings = await pulled(t, pacs)
    t.is(findings.length, 2)
    t.regex(reasonOf(findings[0]!.finding), words)
    t.is(findings[0]!.done, null)
    t.true(findings[1]!.finding.ok, String(words))
  }
})

test('a PACS that fails for a while is asked again after growing pauses', async t => {
  const pacs = await fakePacs(t, 1)
  for (const fault of [status(500), status(503), status(429), (response: ServerResponse) => response.destroy()]) {
    for (const place of [STUDIES, INSTANCE]) {
      let times = 0
      pacs.reply(place, (response, request) => {
        times += 1
        if (times === 3) pacs.reply(place, null)
        fault(response, request)
      })
      const { options, pauses } = pullOf(pacs.url)
      const findings = await gathered(pulledFindings(options, READING))
      t.true(findings[0]!.finding.ok)
      t.deepEqual(pauses, PAUSES_MS.slice(0, 3))
    }
  }
})

test('a PACS that goes away ends the pull, which says how many are done and that it continues', async t => {
  for (const [reply, code] of [
    [(response: ServerResponse) => response.destroy(), 'pacs-gone'],
    [status(502), 'pacs-failing'],
  ] as const) {
    const pacs = await fakePacs(t, 5)
    const findings: PulledFinding[] = []
    const { options, pauses } = pullOf(pacs.url)
    const run = async () => {
      for await (const one of pulledFindings(options, READING)) {
        findings.push(one)
        if (findings.length === 2) pacs.reply(/./, reply)
      }
    }
    const error = await t.throwsAsync(run, { instanceOf: PacsError, code })
    t.regex(error.message, /; 2 instances are done$/)
    t.regex(error.hint, /Running it again continues from there/)
    t.is(findings.length, 2)
    // a PACS that answers is asked for a search too: it may lack one study alone
    t.deepEqual(pauses, code === 'pacs-gone' ? PAUSES_MS : [...PAUSES_MS, ...PAUSES_MS])
    t.notRegex(shown(error), HIDDEN)
  }
})

test('401, 403, 404, a web page, no JSON and no list end the search in errors that say what to do', async t => {
  const pacs = await fakePacs(t)
  const page = (type: string, body: string) => (response: ServerResponse) =>
    response.writeHead(200, { 'content-type': type }).end(body)
  const cases: [Parameters<FakePacs['reply']>[1], string, RegExp][] = [
    [status(401), 'pacs-unauthorised', /401.*name and password/],
    [status(403), 'pacs-forbidden', /403.*administrator/],
    [status(404), 'pacs-missing', /404.*address/],
    [status(400), 'pacs-answer', /400/],
    [page('text/html; charset=utf-8', `<html>${SECRETS.name}`), 'pacs-answer', /log in/],
    [page('application/dicom+json', `[{"${SECRETS.name}`), 'pacs-answer', /no JSON/],
    [page('application/json', `{"a":"${SECRETS.name}"}`), 'pacs-answer', /no list/],
    [json([], { 'content-encoding': 'gzip' }), 'pacs-answer', /compresses/],
  ]
  for (const [reply, code, words] of cases) {
    pacs.reply(STUDIES, reply)
    const { pauses } = await refused(t, pacs.url, code, words)
    t.deepEqual(pauses, [])
  }
})

test('an answer without end is cut off at its limit', async t => {
  const pacs = await fakePacs(t)
  let sent = 0
  pacs.reply(STUDIES, response => {
    response.writeHead(200, { 'content-type': 'application/dicom+json' })
    const piece = Buffer.alloc(2 ** 16, '[')
    const more = () => {
      while (!response.destroyed && response.write(piece)) sent += piece.length
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  })
  await refused(t, pacs.url, 'pacs-answer', /more than \d+ bytes/)
  t.true(sent < 2 * SEARCH_BYTES_MAX)
})

test('a million results come page by page, and more than the limit are refused', async t => {
  const pacs = await fakePacs(t)
  // the same page for ever has nothing new
  pacs.reply(STUDIES, json(Array.from({ length: PAGE_RESULTS }, () => result('0020000D', `${ROOT}.1`))))
  t.is((await pulled(t, pacs)).length, 1)
  const all = Array.from({ length: 2 ** 20 + 1 }, (_, at) => ({ '0020000D': { Value: [String(at)] } }))
  t.true(JSON.stringify(all).length > SEARCH_BYTES_MAX)
  pacs.reply(STUDIES, json(all))
  await refused(t, pacs.url, 'pacs-answer', /more than \d+ bytes/)
  let page = 0
  pacs.reply(STUDIES, (response, request) => {
    const from = 250_000 * page++
    json(Array.from({ length: 250_000 }, (_, at) => ({ '0020000D': { Value: [String(from + at)] } })))(
      response,
      request,
    )
  })
  await refused(t, pacs.url, 'pacs-answer', /more than 1048576 results.*Narrow/)
  t.is(page, 5)
})

test('results without a usable UID are counted, and those of another kind left out', async t => {
  const pacs = await fakePacs(t)
  const odd = ['../../x', '1.2?x=1', '1'.repeat(65), '', 7, null, { a: 1 }].map(uid => result('0020000D', uid))
  pacs.reply(
    STUDIES,
    json([...odd, null, 'x', [], result('0020000D', `${ROOT}.0\0`), result('0020000D', `${ROOT}.1 `)]),
  )
  const findings = await pulled(t, pacs)
  t.regex(reasonOf(findings[0]!.finding), /^10 results of a search have no UID/)
  t.deepEqual(
    findings.map(({ finding }) => finding.ok),
    [false, true, true],
  )
  const modality = (name: string) => ({ '00080060': { Value: [name] } })
  pacs.reply(/\.0\/series\?/, json([result('0020000E', `${ROOT}.0.1`, modality('SR'))]))
  t.is((await pulled(t, pacs, { query: { modality: 'CR' } })).length, 2)
})

test('a server that caps its pages says so, and the rest is asked for', async t => {
  const pacs = await fakePacs(t)
  pacs.reply(STUDIES, (response, request) => {
    const offset = Number(new URL(request.url!, 'http://x').searchParams.get('offset'))
    const more = offset < 4 ? { warning: '299 pacs "There are more results that can be requested"' } : {}
    json(
      [0, 1].map(at => result('0020000D', `${ROOT}.${offset + at}`)),
      more as Record<string, string>,
    )(response, request)
  })
  t.is((await pulled(t, pacs)).length, 6)
})

test('a redirect is followed within the server alone, and credentials go nowhere else', async t => {
  const others: string[] = []
  const other = await serve(t, (request, response) => {
    others.push(request.url!)
    response.end()
  })
  const pacs = await fakePacs(t)
  const redirect = (to: string) => (response: ServerResponse) => response.writeHead(302, { location: to }).end()
  const credentials = new PacsCredentials(`bearer ${SECRET}`)
  const own = { pacs: { ...pullOf(pacs.url).options.pacs, credentials } }
  const host = new URL(pacs.url).host
  for (const to of [
    other,
    `//${new URL(other).host}/`,
    `http://${SECRET}:x@${host}/`,
    `https://${host}`,
    'file:///etc/passwd',
    'http://[',
  ]) {
    pacs.reply(STUDIES, redirect(to))
    await refused(t, pacs.url, 'pacs-redirect', /another server, which is not followed/, own)
  }
  t.deepEqual(others, [])
  pacs.reply(STUDIES, redirect('/dicom-web/studies?again'))
  await refused(t, pacs.url, 'pacs-redirect', /more than 3 times/, own)
  pacs.reply(STUDIES, redirect('/moved'))
  pacs.reply(/^\/moved$/, json([result('0020000D', `${ROOT}.0`)]))
  t.is((await pulled(t, pacs, own)).length, 1)
  t.true(pacs.headers.every(({ authorization }) => authorization === `Bearer ${SECRET}`))
})

test('a server that dawdles is given up when the time is over', async t => {
  const pacs = await fakePacs(t)
  const over = Array.from({ length: 1 + PAUSES_MS.length }, () => new AbortController())
  let at = 0
  pacs.reply(STUDIES, response => {
    response.writeHead(200, { 'content-type': 'application/dicom+json' })
    response.write('[', () => over[at++]!.abort())
  })
  const late = over.map(({ signal }) => signal)
  const { pauses } = await refused(t, pacs.url, 'pacs-gone', /took too long to answer; 0 instances are done/, {}, late)
  t.is(pauses.length, PAUSES_MS.length)
})

test("the caller's signal ends a pull with its reason", async t => {
  const pacs = await fakePacs(t, 3)
  const stop = new AbortController()
  const reason = new Error('stopped by hand')
  pacs.reply(INSTANCE, response => {
    response.write('x')
    stop.abort(reason)
  })
  const error = await t.throwsAsync(
    gathered(pulledFindings(pullOf(pacs.url, { signal: stop.signal }).options, READING)),
  )
  t.is(error, reason)
})

test('queries that are none are refused before anything is asked', async t => {
  const pacs = await fakePacs(t)
  for (const query of [
    { modality: 'CR&x' },
    { bodyPart: 'chest' },
    { from: '20250230' },
    { to: '2025' },
    { from: '20250102', to: '20250101' },
  ]) {
    await refused(t, pacs.url, 'pacs-settings', /coded term|range of dates/, { query })
  }
  t.deepEqual(pacs.asked, [])
})

test('a study that cannot be searched is a finding, and one that was deleted meanwhile is none', async t => {
  const pacs = await fakePacs(t, 3)
  pacs.reply(/\.0\/series\?/, status(500))
  pacs.reply(/\.1\/series\/.*instances\?/, status(404))
  const findings = await pulled(t, pacs)
  t.is(findings.length, 2)
  t.regex(reasonOf(findings[0]!.finding), /fails \(500\)/)
  t.deepEqual([findings[0]!.done, findings[0]!.uids, findings[1]!.finding.ok], [null, null, true])
})

test('an archive that fails for many instances costs the pauses of one', async t => {
  const pacs = await fakePacs(t, 5)
  pacs.reply(/\.[0-3]\/series\/.*\/instances\/[0-9.]+$/, status(500))
  const { options, pauses } = pullOf(pacs.url)
  const findings = await gathered(pulledFindings(options, READING))
  t.deepEqual(
    findings.map(({ finding }) => finding.ok),
    [false, false, false, false, true],
  )
  t.deepEqual(pauses, PAUSES_MS)
})

test('labels and splits come from a list of UIDs of any level, or from a list of patients', async t => {
  const folder = await temporaryFolder(t)
  const pacs = await fakePacs(t, 4)
  const lines = [`${ROOT}.0.1.1,b,`, `${ROOT}.1.1,b,test`, `${ROOT}.2,a,train`, `${ROOT}.2.1,b,`]
  await writeFile(join(folder, 'uids.csv'), `SOPInstanceUID,label,split\n${lines.join('\n')}\n`)
  await writeFile(join(folder, 'patients.csv'), `patient,label,split\n${SECRETS.patient},a,val\nother,b,\n`)
  const { facts } = await listLabelling(join(folder, 'uids.csv'), { file: 'SOPInstanceUID' })
  const labelled = async (reading: Reading) => {
    const findings = await gathered(pulledFindings(pullOf(pacs.url).options, reading))
    return findings.map(({ finding }) => finding.ok && [finding.record!.label, finding.record!.split])
  }
  t.deepEqual(await labelled({ ...READING, facts }), [[1, null], [1, 'test'], [1, 'train'], false])
  const { factsOfPatient, listed } = await patientListLabelling(join(folder, 'patients.csv'), keyed)
  t.deepEqual(await labelled({ ...READING, facts, factsOfPatient }), [
    [1, 'val'],
    [1, 'test'],
    [1, 'train'],
    [0, 'val'],
  ])
  t.deepEqual(
    listed,
    [SECRETS.patient, 'other'].map(id => Buffer.from(keyed(id)).toString('hex')),
  )
})

test('an instance that a PACS has in two studies comes once', async t => {
  const pacs = await fakePacs(t, 3)
  pacs.reply(/\.1\/series\/.*instances\?/, json([result('00080018', `${ROOT}.0.1.1`)]))
  t.is((await pulled(t, pacs)).length, 2)
})
