/**
 * The state of a LogSumExpAccumulator as JSON: numbers as their bits, since JSON has no NaN, no infinities and no −0, slices as decimal
 * integers, and a checksum over all of it.
 */

import type { Dtype } from '../arrays.ts'
import { describe } from '../check.ts'
import type { SumState } from '../kernels/js/sum-state.ts'
import { windowOf } from '../kernels/js/sum-window.ts'

/** What LogSumExpAccumulator's toJSON returns and `from` reads. */
export interface AccumulatorJSON {
  /** 'LogSumExpAccumulator'. */
  readonly type: string
  /** Of this layout: 1. */
  readonly version: number
  /** The dtype of the entries. */
  readonly dtype: Dtype
  /** How many entries there are. */
  readonly count: number
  /** The bits of the largest entry as 16 hexadecimal digits. */
  readonly max: string
  /** The same for the largest of the others. */
  readonly second: string
  /** Three slices of the sum of the others at most, as decimal integers. */
  readonly slices: readonly string[]
  /** A checksum of what is above, 8 hexadecimal digits. */
  readonly checksum: string
}

const TYPE = 'LogSumExpAccumulator'
const VERSION = 1
const WHO = `${TYPE}.from`

const view = new DataView(new ArrayBuffer(8))

function bitsOf(x: number): string {
  view.setFloat64(0, x)
  return Number.isNaN(x) ? NAN_BITS : view.getBigUint64(0).toString(16).padStart(16, '0')
}

/** All NaN are one. */
const NAN_BITS = '7ff8000000000000'

function numberOf(bits: string): number {
  view.setBigUint64(0, BigInt(`0x${bits}`))
  return view.getFloat64(0)
}

/** FNV-1a of 32 bits (Fowler, Noll & Vo) over everything but the checksum itself. */
function checksumOf({ type, version, dtype, count, max, second, slices }: Omit<AccumulatorJSON, 'checksum'>): string {
  let hash = 0x811c9dc5
  for (const character of [type, version, dtype, count, max, second, ...slices].join()) {
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
  }
  return (hash >>> 0).toString(16).padStart(8, '0')
}

export function writeAccumulator(dtype: Dtype, count: number, state: SumState): AccumulatorJSON {
  const content = {
    type: TYPE,
    version: VERSION,
    dtype,
    count,
    max: bitsOf(state.max),
    second: bitsOf(state.second),
    slices: state.slices.map(String),
  }
  return { ...content, checksum: checksumOf(content) }
}

const isText = (value: unknown, pattern: RegExp): boolean => typeof value === 'string' && pattern.test(value)

/** What each field has to be. */
const FIELDS: Record<keyof AccumulatorJSON, { expected: string; holds: (value: unknown) => boolean }> = {
  type: { expected: `'${TYPE}'`, holds: (value) => value === TYPE },
  version: { expected: String(VERSION), holds: (value) => value === VERSION },
  dtype: { expected: "'float32' or 'float64'", holds: (value) => value === 'float32' || value === 'float64' },
  count: { expected: 'an integer ≥ 0', holds: (value) => Number.isSafeInteger(value) && (value as number) >= 0 },
  max: { expected: '16 hexadecimal digits', holds: (value) => isText(value, /^[\da-f]{16}$/) },
  second: { expected: '16 hexadecimal digits', holds: (value) => isText(value, /^[\da-f]{16}$/) },
  slices: {
    expected: 'an array of decimal integers',
    holds: (value) => Array.isArray(value) && value.every((slice) => isText(slice, /^-?\d{1,40}$/)),
  },
  checksum: { expected: '8 hexadecimal digits', holds: (value) => isText(value, /^[\da-f]{8}$/) },
}

/** How many slices a state has: none without a finite maximum and a second. */
const sliceCount = (max: number, second: number, dtype: Dtype): number =>
  Number.isFinite(max) && Number.isFinite(second) ? windowOf(second, dtype).slices : 0

/** The content of the JSON, or an error that says what is wrong with it. */
export function parseAccumulator(json: unknown): { dtype: Dtype; count: number; state: SumState } {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    const hint = typeof json === 'string' ? ' (JSON.parse it first)' : ''
    throw new TypeError(`${WHO}: expected json to be an object as toJSON returns it, got ${describe(json)}${hint}`)
  }
  const content = json as AccumulatorJSON
  for (const [name, { expected, holds }] of Object.entries(FIELDS)) {
    const value: unknown = content[name as keyof AccumulatorJSON]
    if (!holds(value)) throw new RangeError(`${WHO}: expected json.${name} to be ${expected}, got ${describe(value)}`)
  }
  const checksum = checksumOf(content)
  if (content.checksum !== checksum) {
    throw new RangeError(
      `${WHO}: expected json.checksum to be ${checksum}, that of the content, got ${content.checksum} (the content is damaged)`,
    )
  }
  const { dtype, count, slices } = content
  const [max, second] = [numberOf(content.max), numberOf(content.second)]
  if (second > max || slices.length !== sliceCount(max, second, dtype)) {
    throw new RangeError(`${WHO}: expected max, second and slices of one state, got others (${slices.length} slices)`)
  }
  return { dtype, count, state: { max, second, slices: slices.map(BigInt) } }
}
