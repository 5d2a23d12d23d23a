/** What contacts and proposals need of the node's network: methods of the host. @module */

import type { Streams } from '../network/network.ts'

export type ContactHost = Pick<
  Streams,
  'peer' | 'addresses' | 'handle' | 'open' | 'channel' | 'dialable' | 'dial' | 'hangUp' | 'connected' | 'hostOf'
>
