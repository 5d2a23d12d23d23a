/** The servers of others that nodes are reached through: nginx with TLS, and tinyproxy. @module */

import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Certificate } from './certificate.ts'

export const NGINX = '/usr/sbin/nginx'
export const TINYPROXY = '/usr/bin/tinyproxy'

/** Why a server cannot be run here; undefined where it can. */
export function absent(program: string): string | undefined {
  return existsSync(program) ? undefined : `${program.split('/').at(-1)} is not installed`
}

export interface WebSite {
  /** for its files; its own */
  readonly folder: string
  readonly certificate: Certificate
  /** host and port that it listens to */
  readonly listen: string
  /** port of the node's WebSocket on this machine, which is served at /confrere */
  readonly upstream: number
}

/** Writes the config of a site with a node behind it. @returns the command that serves it until it is ended */
export async function webSite({ folder, certificate, listen, upstream }: WebSite): Promise<string[]> {
  const config = join(folder, 'nginx.conf')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    kind => `${kind}_temp_path ${folder}/temp;`,
  )
  await mkdir(join(folder, 'temp'))
  await writeFile(
    config,
    `daemon off;
master_process off;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  ${temporary.join('\n  ')}
  server {
    listen ${listen} ssl;
    ssl_certificate ${certificate.certFile};
    ssl_certificate_key ${certificate.keyFile};
    location /confrere {
      proxy_pass http://127.0.0.1:${upstream};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_read_timeout 1h;
    }
    location / { return 404; }
  }
}
`,
  )
  return [NGINX, '-c', config, '-p', folder, '-e', join(folder, 'nginx-error.log')]
}

/**
 * Writes the config of a proxy that lets out port 443 only.
 *
 * @param allow the address or range that may use it
 * @returns the command that serves it until it is ended
 */
export async function strictProxy(folder: string, where: { port: number; allow: string }): Promise<string[]> {
  const config = join(folder, 'tinyproxy.conf')
  await writeFile(config, `Port ${where.port}\nAllow ${where.allow}\nConnectPort 443\nTimeout 600\n`)
  return [TINYPROXY, '-d', '-c', config]
}
