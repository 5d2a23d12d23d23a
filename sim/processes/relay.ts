/**
 * Passes what comes on a socket of the file system on to a port of loopback. Run inside a network namespace, it lets a
 * node there be asked from outside: `node relay.ts SOCKET PORT`.
 *
 * @module
 */

import { connect, createServer } from 'node:net'

const [socket, port] = process.argv.slice(2) as [string, string]

createServer(incoming => {
  const outgoing = connect(Number(port), '127.0.0.1')
  incoming.pipe(outgoing).pipe(incoming)
  // the other end's trouble is the other end's to tell
  incoming.on('error', () => outgoing.destroy())
  outgoing.on('error', () => incoming.destroy())
}).listen(socket)
