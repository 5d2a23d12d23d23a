/** Bounds of roster changes. @module */

/** A change names one or two hospitals, with a name and at most eight addresses each. */
export const CHANGE_BYTES_MAX = 4096

/** Views of a round in which a hospital that a certified VOID named must stay out: later ones may need it. */
export const BAN_VIEWS = 2

/** A ban's length doubles with every VOID that names the hospital, up to 2 to this power rounds. */
export const BAN_DOUBLINGS_MAX = 10
