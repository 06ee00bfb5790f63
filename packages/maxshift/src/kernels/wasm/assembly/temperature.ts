/**
 * The temperature of the current call, for everything but float64 in accurate mode.
 */
import { setRate } from './exp2-single'

const LOG2_E: f64 = 1.4426950408889634
const LARGEST_INVERSE: f64 = 1.0715086071862673e301

/** T and 1/T, the latter bounded as in kernels/js/single-row.ts. */
export let temperature: f64 = 1
export let inverse: f64 = 1

export function setTemperature(value: f64): void {
  temperature = value
  inverse = min<f64>(1 / value, LARGEST_INVERSE)
  setRate(LOG2_E * inverse)
}
