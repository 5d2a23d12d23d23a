import test from 'ava'
import * as domain from '../../crypto/domain.ts'

const { DOMAIN_PREFIX, ...tags } = domain

test('every tag is printable ASCII and begins with the protocol and its version', t => {
  for (const tag of Object.values(tags)) t.regex(new TextDecoder().decode(tag), /^confrere\/1\/[a-z-]+$/)
  t.is(DOMAIN_PREFIX, 'confrere/1/')
})

test('no tag is a prefix of another one, so what follows a tag cannot be taken for a part of it', t => {
  const names = Object.values(tags).map(tag => new TextDecoder().decode(tag))
  for (const [i, a] of names.entries()) {
    for (const [j, b] of names.entries()) t.false(i !== j && b.startsWith(a), `${a} and ${b}`)
  }
})
