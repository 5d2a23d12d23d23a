/** Every kind of data contract. @module */

import { z } from 'zod'
import type { ContractKind } from './fields.ts'
import { IMAGE, IMAGE_SCHEMA } from './image.ts'
import { SOUND, SOUND_SCHEMA } from './sound.ts'
import { TABLE, TABLE_SCHEMA } from './table.ts'
import { TEXT, TEXT_SCHEMA } from './text.ts'
import { VECTOR, VECTOR_SCHEMA } from './vector.ts'

export const CONTRACT_SCHEMA = z.discriminatedUnion('kind', [
  IMAGE_SCHEMA,
  VECTOR_SCHEMA,
  TABLE_SCHEMA,
  SOUND_SCHEMA,
  TEXT_SCHEMA,
])

/** What a record looks like at every hospital, and how it is made of what a hospital has. */
export type DataContract = z.output<typeof CONTRACT_SCHEMA>
export type ContractName = DataContract['kind']
export type ContractOf<Name extends ContractName> = Extract<DataContract, { kind: Name }>

const CONTRACT_KINDS: { readonly [Name in ContractName]: ContractKind<ContractOf<Name>> } = {
  image: IMAGE,
  vector: VECTOR,
  table: TABLE,
  sound: SOUND,
  text: TEXT,
}

/** What the kind of a contract says of it. */
export function contractKindOf({ kind }: Pick<DataContract, 'kind'>): ContractKind<DataContract> {
  return CONTRACT_KINDS[kind] as ContractKind<DataContract>
}
