/** Options of Node that change a node before it runs: its clock, the version that it speaks. @module */

const preload = (source: string): string[] => ['--import', `data:text/javascript,${encodeURIComponent(source)}`]

/** A machine whose clock is wrong. */
export function clockOff(ms: number): string[] {
  return preload(`const now = Date.now; Date.now = () => now() + ${ms}`)
}

/** A program of another version of the protocol. */
export function speaksProtocol(version: number): string[] {
  return preload(`
    import { registerHooks } from 'node:module'
    registerHooks({
      load(url, context, next) {
        const loaded = next(url, context)
        if (!url.endsWith('/network/hello.ts')) return loaded
        const source = String(loaded.source).replace(/PROTOCOL_VERSION = \\d+/, 'PROTOCOL_VERSION = ${version}')
        return { ...loaded, source }
      },
    })`)
}
