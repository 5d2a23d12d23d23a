/** Where a node's HTTP interface is to be found, going by its config. @module */

import { EXIT, OperatorError } from '../errors.ts'
import type { NodeConfig } from './config.ts'

/** @throws OperatorError `port-unknown`, exit code 3, when the config lets the system choose the port */
export function httpUrlOf({ http: { host, port } }: Pick<NodeConfig, 'http'>): string {
  if (port === 0) {
    throw new OperatorError('port-unknown', 'The config has http.port 0, which takes any free port', {
      hint: "Take the address from the node's log and name it with --url.",
      exitCode: EXIT.config,
    })
  }
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
