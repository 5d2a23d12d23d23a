#!/usr/bin/env node
// The command of the package. A Node.js that is too old must be able to parse this file, so that it can say so: no
// syntax here is newer than Node.js 10. A test holds the version to that of package.json.

const needed = [22, 12, 0]

const have = process.versions.node.split('.').map(Number)
const at = needed.findIndex((part, i) => part !== have[i])

if (at >= 0 && (have[at] as number) < (needed[at] as number)) {
  process.stderr.write(
    `confrere: Node.js ${process.versions.node} is too old: it needs ${needed.join('.')} or newer\n` +
      '  hint: Install a newer one from https://nodejs.org, and call confrere with that.\n',
  )
  process.exitCode = 3
} else {
  import('./main.ts').catch(error => {
    process.stderr.write(`confrere: its package is damaged: ${error.message}\n  hint: Install it again.\n`)
    process.exitCode = 1
  })
}
