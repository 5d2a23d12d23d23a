import { mkdtempSync, writeFileSync } from 'node:fs'
import { WholeRun } from './test/helpers/canaries/whole-run.ts'
import { IDENTIFIERS } from './test/helpers/canaries/files.ts'
import { canarySearch } from './test/helpers/canaries/search.ts'
const t0 = Date.now()
const say = (s: string) => console.log(((Date.now() - t0) / 1000).toFixed(1), s)
const run = new WholeRun(mkdtempSync('/tmp/canary-'))
const kill = setTimeout(() => { say('TIMEOUT'); dump(); void run.end().then(() => process.exit(1)) }, 150_000)
function dump() { for (const { name, bytes } of run.said) if (name.includes('std')) console.log('==', name, bytes.toString().slice(-3000)) }
await run.begin(); say('begun')
await Promise.all(run.sites.map(site => run.add(site.name, site))); say('added')
await run.found(8); say('founded')
run.startAll()
await run.until(({ round }) => round >= 3); say('round 3')
await run.fetchAll()
await run.withdraw(run.site('header'), [IDENTIFIERS[0]!]); say('withdrawn')
await run.stopAll(); say('stopped')
await run.damage('header', 4)
await run.failsToStart(run.site('header'), 'gone')
await run.failsToStart(run.site('list'), 'list'); say('failed')
run.startAll()
await Promise.race([run.until(({ phase }) => phase === 'finished'), new Promise(r => setTimeout(r, 40_000))]); say('finished?')
await run.fetchAll()
await run.stopAll().catch(e => say(String(e)))
dump()
console.log(canarySearch(IDENTIFIERS)(await run.haystacks()))
clearTimeout(kill)
process.exit()
