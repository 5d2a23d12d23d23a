/**
 * Every accepted message of a round, by its slot: the data that anti-entropy exchanges and rules read. A table is
 * immutable; a row contains all messages of one kind in one view.
 *
 * @module
 */

import { type Body, type BodyOf, type Message, rowName, rowOf } from '../messages/messages.ts'
import type { Member } from '../roster/roster.ts'

export type Row<B extends Body = Body> = ReadonlyMap<Member, Message<B>>
export type MessageTable = ReadonlyMap<string, Row>

const EMPTY: Row = new Map()

/** What was said of one kind in one view, of votes for the first agreement; the same object as long as nothing is added to it. */
export function rowIn<T extends Body['type']>(table: MessageTable, type: T, view = 0): Row<BodyOf<T>> {
  return (table.get(rowName({ type, number: view })) ?? EMPTY) as Row<BodyOf<T>>
}

/** The message in the slot of this one, if any. */
export function inSlotOf(table: MessageTable, { from, body }: Pick<Message, 'from' | 'body'>): Message | undefined {
  return table.get(rowOf(body))?.get(from)
}

/** The message in a slot, as `slotOf` names it. */
export function inSlot(table: MessageTable, slot: string): Message | undefined {
  const end = slot.lastIndexOf('/')
  return table.get(slot.slice(0, end))?.get(Number(slot.slice(end + 1)))
}

/** The table with one more message. */
export function withMessage(table: MessageTable, message: Message): MessageTable {
  const name = rowOf(message.body)
  const row = new Map(table.get(name))
  return new Map(table).set(name, row.set(message.from, message))
}

/** The table with only the messages that `judge` accepts. */
export function keepOnly(table: MessageTable, judge: (message: Message) => boolean): MessageTable {
  const kept = new Map<string, Row>()
  for (const [name, row] of table) {
    const rest = [...row].filter(([, message]) => judge(message))
    if (rest.length === row.size) kept.set(name, row)
    else if (rest.length > 0) kept.set(name, new Map(rest))
  }
  return kept
}

/** Every message, row by row. */
export function* messagesIn(table: MessageTable): Generator<Message> {
  for (const row of table.values()) yield* row.values()
}

/** All messages of a type, in every view. */
export function allOf<T extends Body['type']>(table: MessageTable, type: T): Message<BodyOf<T>>[] {
  const found: Message[] = []
  for (const row of table.values()) {
    const [first] = row.values()
    if (first?.body.type === type) found.push(...row.values())
  }
  return found as Message<BodyOf<T>>[]
}

/** Number of messages in the table. */
export function messageCount(table: MessageTable): number {
  let size = 0
  for (const row of table.values()) size += row.size
  return size
}
