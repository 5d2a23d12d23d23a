import { z } from 'zod'

/** A whole number within limits, both included. */
export const whole = (min: number, max: number) => z.number().int().min(min).max(max)
/** A finite number within limits, both included. */
export const real = (min: number, max: number) => z.number().min(min).max(max)
