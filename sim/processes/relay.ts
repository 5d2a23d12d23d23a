/**
 * Relays connections from a Unix socket to a port of loopback. Inside a network namespace, it makes a node's HTTP
 * interface reachable from outside: `node relay.ts SOCKET PORT`.
 *
 * @module
 */

import { connect, createServer } from 'node:net'

const [socket, port] = process.argv.slice(2) as [string, string]

createServer(incoming => {
  const outgoing = connect(Number(port), '127.0.0.1')
  incoming.pipe(outgoing).pipe(incoming)
  // an error of one end only closes the other
  incoming.on('error', () => outgoing.destroy())
  outgoing.on('error', () => incoming.destroy())
}).listen(socket)
