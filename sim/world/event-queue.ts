/** What is going to happen in a simulated world, in its order: a binary heap. @module */

export interface Happening {
  /** virtual milliseconds */
  readonly at: number
  /** breaks ties, so that one seed gives one story */
  readonly order: number
  readonly run: () => void
}

function before(a: Happening, b: Happening): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

export class EventQueue {
  readonly #heap: Happening[] = []
  #order = 0

  get next(): Happening | undefined {
    return this.#heap[0]
  }

  push(at: number, run: () => void): void {
    const heap = this.#heap
    const added = { at, order: this.#order++, run }
    let index = heap.push(added) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!before(added, heap[parent] as Happening)) break
      heap[index] = heap[parent] as Happening
      index = parent
    }
    heap[index] = added
  }

  pop(): Happening | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || last === first) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1] as Happening, heap[child] as Happening)) child += 1
      if (before(last, heap[child] as Happening)) break
      heap[index] = heap[child] as Happening
      index = child
    }
    heap[index] = last
    return first
  }
}
