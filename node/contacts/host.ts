/** What contacts and proposals need of the node's network: methods that `Network` has. @module */

import type { Network } from '../network/libp2p-host.ts'

export type ContactHost = Pick<
  Network,
  'peer' | 'addresses' | 'handle' | 'open' | 'channel' | 'dialable' | 'dial' | 'hangUp' | 'connected' | 'hostOf'
>
