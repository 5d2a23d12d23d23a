/** The `config.toml` that `init` writes: every key with its default and a comment. @module */

import { DELTA_MAX_DEFAULT, EPSILON_MAX_DEFAULT, HTTP_PORT_DEFAULT, LISTEN_DEFAULT, parseConfig } from './config.ts'

/** Values given to `init`; all other keys get their defaults. */
export interface ConfigChoices {
  site: string
  /** the records */
  file?: string
  split?: string
  listen?: string[]
  bootstrap?: string[]
  httpPort?: number
  epsilonMax?: number
  population?: string
}

/** The text of a new config, with comments. @throws OperatorError of exit code 3 when a choice is not valid */
export function renderConfig(choices: ConfigChoices, file: string): string {
  const value = (item: unknown): string => JSON.stringify(item)
  const text = `# Confrère node. Local: nothing in this file leaves the machine.

# The hospital's name, as its own status shows it.
site = ${value(choices.site)}

[data]
# The records: a NumPy .npz with <split>_images and <split>_labels. A relative path is seen from this file.
${choices.file === undefined ? '# file = "records.npz"' : `file = ${value(choices.file)}`}
split = ${value(choices.split ?? 'train')}

[network]
# Where other hospitals reach this node.
listen = ${list(choices.listen ?? [LISTEN_DEFAULT])}
# Addresses to dial first; the study document lists the hospitals' own ones as well.
bootstrap = ${list(choices.bootstrap ?? [])}
# Addresses to tell others instead of those found on this machine, for a node behind NAT.
announce = []
# Look for the study's hospitals on the local network by multicast.
mdns = true
# Where connections go out only through an HTTP proxy.
# proxy = "http://user:password@proxy.example:3128"
# Names, .domains, addresses and ranges that the proxy is not used for.
proxyExcept = []
# Certificates of your own authorities, for wss addresses: a PEM file.
# ca = "authorities.pem"
# Pass on the (encrypted) connections of hospitals that cannot reach each other.
relay = true

[http]
# Status for this machine only; use an SSH tunnel from elsewhere.
host = "127.0.0.1"
port = ${value(choices.httpPort ?? HTTP_PORT_DEFAULT)}

[log]
# trace, debug, info, warn, error, fatal or silent
level = "info"
# text, json, or auto: text on a terminal, JSON elsewhere
format = "auto"
# always, never, or auto: logs/confrere.log in this folder where stderr is no terminal; its size, and how many are kept
file = "auto"
fileBytesMax = 10000000
filesMax = 5

[privacy]
# This node takes part in no study that may spend more than this epsilon for one record, or one patient where that is the unit.
epsilonMax = ${value(choices.epsilonMax ?? EPSILON_MAX_DEFAULT)}
# Nor in one with a larger delta.
deltaMax = ${value(DELTA_MAX_DEFAULT)}
# There is one account for the hospital, whatever the records are. A name opens another one, with a cap of its own:
# only for patients that are in no other account, such as those of another site.
${choices.population === undefined ? '# population = "Site B"' : `population = ${value(choices.population)}`}

[policy]
# Peer ids of hospitals without which this node contributes to no round.
require = []

[serve]
# Compute private predictions for clients with a pass of one of the study's hospitals.
predictions = false
# For one client: shares of records, one a record, or two where three hospitals answer.
predictionsPerHour = 100

[training]
# auto, tensorflow-gpu, tensorflow or wasm.
engine = "auto"
`
  parseConfig(text, file)
  return text
}

function list(items: string[]): string {
  return `[${items.map(item => JSON.stringify(item)).join(', ')}]`
}
