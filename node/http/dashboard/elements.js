// @ts-check
/**
 * Builds and updates the page's elements. A section describes what it shows; `patch` changes only what is different, so
 * that nothing flickers, and focus and open details stay. Text from outside becomes text nodes and never markup.
 *
 * @module
 */

/**
 * @typedef {string | number | boolean | null | undefined} Value
 * @typedef {Value | Tree | readonly Child[]} Child
 * @typedef {Readonly<Record<string, (event: Event) => void>>} Listeners
 * @typedef {{
 *   readonly tag: string
 *   readonly key: string | undefined
 *   readonly attributes: Readonly<Record<string, Value>>
 *   readonly on: Listeners
 *   readonly style: Readonly<Record<string, string>>
 *   readonly own: ((element: HTMLElement) => void) | undefined
 *   readonly children: readonly (Tree | string)[]
 * }} Tree
 * @typedef {Record<string, unknown> & { key?: string, on?: Listeners, style?: Readonly<Record<string, string>>,
 *   own?: (element: HTMLElement) => void }} Properties
 */

const SVG = 'http://www.w3.org/2000/svg'
const SVG_TAGS = new Set(['svg', 'path'])
/** Attributes that could run a script or load something; a link leads to a place on the page only. */
const FORBIDDEN = /^(on|src|style$|xlink|action|formaction)/i

/** What each element shows now. @type {WeakMap<Node, Tree>} */
const shown = new WeakMap()

/**
 * Describes an element.
 *
 * @param {string} tag
 * @param {Properties} [properties] attributes; `key` names it among its siblings, `on` has listeners, `style` custom
 * properties, and `own` leaves what is inside to the function
 * @param {...Child} children
 * @returns {Tree}
 */
export function h(tag, properties = {}, ...children) {
  const { key, on = {}, style = {}, own, ...attributes } = properties
  for (const [name, value] of Object.entries(attributes)) {
    const leaves = name === 'href' && !String(value).startsWith('#')
    if (FORBIDDEN.test(name) || leaves) throw new Error(`The attribute ${name} is not for this page`)
  }
  return {
    tag,
    key,
    on,
    style,
    own,
    children: flat(children),
    attributes: /** @type {Record<string, Value>} */ (attributes),
  }
}

/** @param {readonly Child[]} children @returns {(Tree | string)[]} */
function flat(children) {
  return children.flatMap(child => {
    if (child === null || child === undefined || typeof child === 'boolean') return []
    if (typeof child === 'string') return [child]
    if (typeof child === 'number') return [String(child)]
    return Array.isArray(child) ? flat(child) : [/** @type {Tree} */ (child)]
  })
}

/**
 * Makes an element's children what is described.
 *
 * @param {Element} element
 * @param {...Child} children
 */
export function patch(element, ...children) {
  /** @type {Map<string, Node>} */
  const keyed = new Map()
  /** @type {Node[]} */
  const free = []
  for (const node of element.childNodes) {
    const key = shown.get(node)?.key
    if (key === undefined) free.push(node)
    else keyed.set(key, node)
  }
  let next = 0
  const wanted = flat(children).map(child => {
    const key = typeof child === 'string' ? undefined : child.key
    return updated(key === undefined ? free[next++] : keyed.get(key), child)
  })
  const kept = new Set(wanted)
  for (const node of [...element.childNodes]) if (!kept.has(node)) node.remove()
  let cursor = element.firstChild
  for (const node of wanted) {
    if (node === cursor) cursor = node.nextSibling
    else element.insertBefore(node, cursor)
  }
}

/** @param {Node | undefined} old @param {Tree | string} child @returns {ChildNode} */
function updated(old, child) {
  if (typeof child === 'string') {
    if (!(old instanceof Text)) return document.createTextNode(child)
    if (old.data !== child) old.data = child
    return old
  }
  const before = old === undefined ? undefined : shown.get(old)
  const same = before !== undefined && before.tag === child.tag && before.key === child.key
  const element = same ? /** @type {HTMLElement} */ (old) : create(child.tag)
  setAttributes(element, same ? before.attributes : {}, child.attributes)
  setStyle(element, same ? before.style : {}, child.style)
  for (const type of Object.keys(child.on)) {
    if (!same || !(type in before.on)) element.addEventListener(type, event => shown.get(element)?.on[type]?.(event))
  }
  shown.set(element, child)
  if (child.own === undefined) patch(element, ...child.children)
  else child.own(element)
  // a choice can be set only among the options that are there
  const { value } = child.attributes
  if (element instanceof HTMLSelectElement && value !== (same ? before.attributes['value'] : undefined)) {
    element.value = String(value)
  }
  return element
}

/** @param {string} tag @returns {HTMLElement} */
function create(tag) {
  return SVG_TAGS.has(tag) ? /** @type {any} */ (document.createElementNS(SVG, tag)) : document.createElement(tag)
}

/**
 * @param {Element} element
 * @param {Readonly<Record<string, Value>>} before
 * @param {Readonly<Record<string, Value>>} now
 */
function setAttributes(element, before, now) {
  for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const value = now[name]
    if (value === before[name] || (name === 'value' && element instanceof HTMLSelectElement)) continue
    if (value === undefined || value === null || value === false) element.removeAttribute(name)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
}

/**
 * @param {HTMLElement} element
 * @param {Readonly<Record<string, string>>} before
 * @param {Readonly<Record<string, string>>} now
 */
function setStyle(element, before, now) {
  for (const [name, value] of Object.entries(now)) if (value !== before[name]) element.style.setProperty(name, value)
}

/** An element of index.html. @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`The page has no element ${id}`)
  return found
}
