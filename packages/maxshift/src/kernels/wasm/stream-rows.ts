/**
 * The second pass over a stream in WebAssembly: what js/stream-row.ts writes, the same bits, for states with a finite maximum.
 */
import type { FloatArray } from '../../arrays.ts'
import { log1p } from '../../special/log.ts'
import {
  row as doubleRow,
  finishLog,
  logScale,
  lossOf,
  shift,
  softmaxWeights,
  UNIT,
  type Weights,
} from '../js/double-row.ts'
import { finiteSecond, row as singleRow } from '../js/single-row.ts'
import { restoreChunk } from '../js/stream-row.ts'
import type { SumState } from '../js/sum-state.ts'
import { type Arena, BLOCK_ENTRIES } from './arena.ts'
import { streamPasses } from './stream-module.ts'

const weights: Weights = { factor: { hi: 0, lo: 0, exponent: 0 }, top: 0 }

/** In place on `count` entries at an address, by the rows that were restored. */
function writeSingle(arena: Arena, isLog: boolean, at: number, count: number): void {
  const { max, others, total, secondPower } = singleRow
  const passes = streamPasses(arena)
  if (isLog) passes.logProbs_f32(at, count, at, max, log1p(others))
  else passes.probs_f32(at, count, at, max, finiteSecond(), secondPower * (1 / total), 1 / total)
}

function writeDouble(arena: Arena, isLog: boolean, at: number, count: number): void {
  const { max, log, temperature } = doubleRow
  arena.passes.setTemperature_f64(temperature.half, temperature.inverse, temperature.inverseLow)
  if (isLog) {
    finishLog()
    const scale = logScale()
    arena.passes.writeLogSoftmax_f64(at, count, at, max, log.hi * scale, log.lo * scale, lossOf(max))
  } else {
    softmaxWeights(UNIT, weights)
    const { factor, top } = weights
    arena.passes.writeSoftmax_f64(at, count, at, max, shift(), factor.hi, factor.lo, factor.exponent, top)
  }
}

/** The results for `values`, copied through the data area block by block. */
export function writeInWasm(base: Arena, state: SumState, isLog: boolean, values: FloatArray, out: FloatArray): void {
  const isSingle = values instanceof Float32Array
  restoreChunk(state, isSingle)
  const Type = isSingle ? Float32Array : Float64Array
  for (let from = 0; from < values.length; from += BLOCK_ENTRIES) {
    const part = values.subarray(from, from + BLOCK_ENTRIES)
    const block = new Type(base.memory.buffer, base.data, part.length)
    block.set(part)
    if (isSingle) writeSingle(base, isLog, base.data, part.length)
    else writeDouble(base, isLog, base.data, part.length)
    out.set(block, from)
  }
}
