// Claims that only real processes on real sockets and disks can show: hospitals find each other and train, survive a
// SIGKILL, and every mistake at the start has its exit code and leaves nothing behind.

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import { EXIT } from '../../node/errors.ts'
import { fails, startProcess, works } from '../helpers/cli.ts'
import { createSites, foundStudy, roundsOf, type Site, statusOf, until } from '../helpers/study/sites.ts'

test.serial('four processes train a study; one is killed in the middle, returns and contributes again', async t => {
  const sites = await createSites(t)
  // rounds enough for a node to start again on a busy machine
  await foundStudy(t, sites, { rounds: 'rounds = 45' })
  const nodes = sites.map(site => startProcess(t, site.folder))
  const [witness, , victim] = sites as [Site, Site, Site]
  await until(witness, nodes[0]!, status => status.round > 4)
  nodes[2]!.child.kill('SIGKILL')
  await nodes[2]!.exited
  const killed = (await statusOf(witness))!.round
  await until(witness, nodes[0]!, status => status.round > killed + 1)
  nodes[2] = startProcess(t, victim.folder)
  const final = await Promise.all(sites.map((site, i) => until(site, nodes[i]!, ({ phase }) => phase === 'finished')))
  t.is(new Set(final.map(status => status.checkpoint)).size, 1)
  const rounds = (await roundsOf(witness))!
  t.is(rounds.length, 45)
  // killed between COMMIT and RELEASE, and away for longer than the void timer, it costs that very round
  const voids = rounds.filter(({ outcome }) => outcome === 'void').map(({ round }) => round)
  t.true(
    voids.every(round => round === killed),
    `void: ${voids}; killed in ${killed}`,
  )
  const without = rounds.filter(({ contributors }) => !contributors.includes(victim.peer)).map(({ round }) => round)
  const told = `killed in ${killed}, not in ${without}`
  t.true(
    without.some(round => round > killed),
    told,
  )
  t.false(
    [43, 44, 45].every(round => without.includes(round)),
    told,
  )
  for (const { epsilon } of final) {
    const { model, colluding, alone, cap } = epsilon!
    t.true(colluding <= cap && model < colluding && colluding < alone, `${model} ${colluding} ${alone} of ${cap}`)
  }
  // round secrets are gone with their rounds
  const studies = await readdir(join(witness.folder, 'studies'), { withFileTypes: true })
  const study = studies.find(entry => entry.isDirectory())!
  t.deepEqual(await readdir(join(witness.folder, 'studies', study.name, 'rounds')), [])
  for (const node of nodes) node.child.kill('SIGTERM')
  t.deepEqual(await Promise.all(nodes.map(node => node.exited)), [0, 0, 0, 0])
  for (const node of nodes) t.notRegex(node.log(), /"level":"(error|fatal)"/)
})

test.serial(
  'four processes normalise by one noised sum and take local steps with local noise; all of it is charged',
  async t => {
    const sites = await createSites(t)
    await foundStudy(t, sites, {
      // against two of four all four are needed: none misses a round because its machine is busy
      rounds: 'rounds = 3\ncolluders = 2',
      clippingNorm: 'clippingNorm = 1\nnoise = "local"\nlocalSteps = 2',
      learningRate: 'learningRate = 0.5\n[normalisation]\nshare = 0.3',
    })
    const nodes = sites.map(site => startProcess(t, site.folder))
    const final = await Promise.all(sites.map((site, i) => until(site, nodes[i]!, ({ phase }) => phase === 'finished')))
    t.is(new Set(final.map(status => status.checkpoint)).size, 1)
    const rounds = (await roundsOf(sites[0]!))!
    t.deepEqual(
      rounds.map(({ round }) => round),
      [0, 1, 2, 3],
    )
    for (const node of nodes) node.child.kill('SIGTERM')
    t.deepEqual(await Promise.all(nodes.map(node => node.exited)), [0, 0, 0, 0])
    for (const { folder } of sites) {
      t.like(JSON.parse(await works(t, 'privacy', 'verify', '--data', folder, '--json')), {
        verified: true,
        charges: 4,
      })
      const { accounts } = JSON.parse(await works(t, 'privacy', 'show', '--data', folder, '--json'))
      const [study] = accounts[0].studies
      t.like(study, { charged: 3, rounds: 3, statistics: true, cap: 3 })
      // everything was planned for: the statistics, and two steps in each of three rounds
      t.true(study.colluding <= 3 && study.colluding > 2.9, `${study.colluding}`)
    }
  },
)

test.serial('every mistake at the start ends in its exit code and one sentence', async t => {
  const sites = await createSites(t)
  const study = await foundStudy(t, sites, { rounds: 'rounds = 5' })
  const [site, other] = sites as [Site, Site]
  const start = (folder: string) => ['start', '--data', folder, '--study', study]
  const running = startProcess(t, site.folder)
  await until(site, running, () => true)

  t.regex(await fails(t, EXIT.config, ...start(site.folder)), /in use|Another node/)

  const config = join(other.folder, 'config.toml')
  const text = await readFile(config, 'utf8')
  const changed = async (from: string | RegExp, to: string) => await writeFile(config, text.replace(from, to))

  await changed(`tcp/${other.port}`, `tcp/${site.port}`)
  t.regex(await fails(t, EXIT.cannotListen, ...start(other.folder)), /address is in use/)

  const blocker = createServer().listen(0, '127.0.0.1')
  t.teardown(() => blocker.close())
  await new Promise(resolve => blocker.once('listening', resolve))
  await changed(`port = ${other.http}`, `port = ${(blocker.address() as { port: number }).port}`)
  t.regex(await fails(t, EXIT.cannotListen, ...start(other.folder)), /Port \d+ .* in use/)

  await changed(/^file = .*$/m, `file = "${join(other.folder, 'config.toml')}"`)
  t.regex(
    await fails(t, EXIT.dataUnreadable, ...start(other.folder)),
    /of no kind that is read \(DICOM files.*NumPy archives/,
  )

  await changed('[network]', '[network]\nbandwith = 3')
  t.regex(await fails(t, EXIT.config, ...start(other.folder)), /bandwith/)

  await changed(/^epsilonMax = .*$/m, 'epsilonMax = 0.5')
  t.regex(await fails(t, EXIT.budgetExhausted, ...start(other.folder)), /epsilon/)

  await writeFile(config, text)
  const names = await readdir(join(other.folder, 'studies'))
  const file = join(other.folder, 'studies', names.find(name => name.endsWith('.study'))!)
  const bytes = await readFile(file)
  bytes[100] = bytes[100]! ^ 1
  await writeFile(file, bytes)
  await fails(t, EXIT.verificationFailed, ...start(other.folder))
  running.child.kill('SIGTERM')
  t.is(await running.exited, EXIT.ok)
})
