/**
 * Every check of an argument, and its message: who complains, what was expected, what came.
 *
 * Public functions check here and nowhere else; behind them everything trusts its input. Wrong kinds are a TypeError, wrong
 * values a RangeError. Numbers never throw: a NaN or an infinity among logits is a value.
 */
import { arrayLike, type FloatArray, type IntegerArray, type Labels, type Logits } from './arrays.ts'

/** How a value appears in a message: strings quoted, arrays by their kind and length, everything short. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (typeof value === 'bigint') return `${value}n`
  if (value === null || typeof value !== 'object') return typeof value === 'function' ? 'a function' : String(value)
  if (Array.isArray(value)) return `an array of length ${value.length}`
  if (ArrayBuffer.isView(value)) {
    const length = 'length' in value ? ` of length ${value.length}` : ''
    return `${value.constructor.name}${length}`
  }
  return value.constructor?.name === undefined || value.constructor === Object ? 'an object' : value.constructor.name
}

/** The number of single-character edits between two names (Wagner & Fischer 1974). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(previous[j] + 1, current[j - 1] + 1, substitution))
    }
    previous = current
  }
  return previous[b.length]
}

/** What other libraries call an option. */
const ELSEWHERE = new Map([
  ['dim', 'axis'],
  ['weight', 'classWeights'],
  ['where', 'mask'],
])

/** ' (did you mean …?)' with the known name nearest to `name`, or '' if none is near. */
function suggestion(name: string, known: readonly string[]): string {
  const own = ELSEWHERE.get(name)
  if (own !== undefined && known.includes(own)) return ` (did you mean ${own}?)`
  const near = (candidate: string): number => editDistance(name.toLowerCase(), candidate.toLowerCase())
  const best = [...known].sort((a, b) => near(a) - near(b))[0]
  return best !== undefined && near(best) <= Math.max(2, name.length / 3) ? ` (did you mean ${best}?)` : ''
}

/** The options, or an object `what` among them: an object or undefined, with known names only. */
export function checkOptions<T extends object>(
  who: string,
  options: T | undefined,
  known: readonly string[],
  what: string = 'options',
): T {
  if (options === undefined) return {} as T
  if (typeof options !== 'object' || options === null || Array.isArray(options) || ArrayBuffer.isView(options)) {
    throw new TypeError(`${who}: expected ${what} to be an object, got ${describe(options)}`)
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      const hint = suggestion(name, known) || ` (known are ${known.join(', ')})`
      throw new TypeError(
        `${who}: expected known ${what === 'options' ? 'option names' : `names in ${what}`}, got ${describe(name)}${hint}`,
      )
    }
  }
  return options
}

/** An option that is one of a few strings. */
export function checkChoice<T extends string>(who: string, name: string, value: unknown, choices: readonly T[]): T {
  if (choices.includes(value as T)) return value as T
  const expected = choices.map((choice) => `'${choice}'`).join(', ')
  const ErrorKind = typeof value === 'string' ? RangeError : TypeError
  throw new ErrorKind(`${who}: expected ${name} to be one of ${expected}, got ${describe(value)}`)
}

/** An option that is true or false; false if it is not given. */
export function checkFlag(who: string, name: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true
  throw new TypeError(`${who}: expected ${name} to be true or false, got ${describe(value)}`)
}

/** A number for which `isInside` holds; `range` says what was expected. */
export function checkNumber(
  who: string,
  name: string,
  value: unknown,
  range: string,
  isInside: (value: number) => boolean,
): number {
  if (typeof value !== 'number') {
    throw new TypeError(`${who}: expected ${name} to be a number ${range}, got ${describe(value)}`)
  }
  if (!isInside(value)) throw new RangeError(`${who}: expected ${name} to be a number ${range}, got ${value}`)
  return value
}

/** A number in [0, 1]. */
export const checkShare = (who: string, name: string, value: unknown): number =>
  checkNumber(who, name, value, 'in [0, 1]', (x) => x >= 0 && x <= 1)

/** Whether rows without any entry above −∞ give what 'zero' stands for; by default they are NaN. */
export const checkAllMasked = (who: string, value: unknown): boolean =>
  value !== undefined && checkChoice(who, 'allMasked', value, ['nan', 'zero']) === 'zero'

/** The mode of computation; 'accurate' if it is not given. */
export function checkMode(who: string, mode: unknown): 'accurate' | 'fast' {
  return mode === undefined ? 'accurate' : checkChoice(who, 'mode', mode, ['accurate', 'fast'])
}

/** An integer in [low, high]. */
export function checkInteger(who: string, name: string, value: unknown, low: number, high: number): number {
  if (typeof value !== 'number')
    throw new TypeError(`${who}: expected ${name} to be an integer, got ${describe(value)}`)
  if (!(Number.isInteger(value) && value >= low && value <= high)) {
    throw new RangeError(`${who}: expected ${name} to be an integer in [${low}, ${high}], got ${value}`)
  }
  return value
}

/**
 * Logits, or other numbers of a `name`, as a typed array: Float32Array and Float64Array as they are, number[] copied to float64.
 * `also` names what else the caller takes.
 */
export function checkLogits(who: string, logits: Logits, name: string = 'logits', also: string = ''): FloatArray {
  if (logits instanceof Float32Array || logits instanceof Float64Array) return logits
  if (!Array.isArray(logits)) {
    throw new TypeError(
      `${who}: expected ${name} to be a Float32Array, a Float64Array${also === '' ? ' or a number[]' : `, a number[] or ${also}`}, got ${describe(logits)}`,
    )
  }
  const copy = new Float64Array(logits.length)
  for (let i = 0; i < copy.length; i++) {
    if (typeof logits[i] !== 'number') {
      throw new TypeError(`${who}: expected ${name}[${i}] to be a number, got ${describe(logits[i])}`)
    }
    copy[i] = logits[i]
  }
  return copy
}

/** What logits are divided by: a finite number above 0, by default 1. */
export function checkTemperature(who: string, temperature: unknown): number {
  if (temperature === undefined) return 1
  const message = `${who}: expected temperature to be a finite number above 0, got ${describe(temperature)}`
  if (typeof temperature !== 'number') throw new TypeError(message)
  if (!(temperature > 0 && temperature < Number.POSITIVE_INFINITY)) throw new RangeError(message)
  return temperature
}

const dtypeOf = (array: FloatArray): string => (array instanceof Float32Array ? 'Float32Array' : 'Float64Array')

/** Whether the first `length` entries of `out` lie on memory of `other`. */
function overlaps(out: FloatArray, length: number, other: ArrayBufferView): boolean {
  const end = out.byteOffset + length * out.BYTES_PER_ELEMENT
  return out.buffer === other.buffer && end > other.byteOffset && out.byteOffset < other.byteOffset + other.byteLength
}

/** The array that receives `length` results: `out` if given, of the dtype of `like`, and long enough; else a new one. */
export function checkRoom(
  who: string,
  out: unknown,
  length: number,
  like: FloatArray,
  name: string = 'out',
): FloatArray {
  if (out === undefined) return arrayLike(like, length)
  const expected = dtypeOf(like)
  if (!(out instanceof Float32Array || out instanceof Float64Array) || dtypeOf(out) !== expected) {
    throw new TypeError(`${who}: expected ${name} to be a ${expected}, as the results are, got ${describe(out)}`)
  }
  if (out.length < length) {
    throw new RangeError(`${who}: expected ${name} to have room for ${length} results, got length ${out.length}`)
  }
  return out
}

/**
 * The same for results of logits, `like`, on which `out` may not lie, unless results of their shape start exactly where they do (in
 * place).
 */
export function checkOut(
  who: string,
  out: unknown,
  length: number,
  like: FloatArray,
  mayBeInPlace: boolean = true,
  name: string = 'out',
): FloatArray {
  const result = checkRoom(who, out, length, like, name)
  if (out === undefined) return result // apart from everything; to ask a new array for its buffer is slow
  const wanted = mayBeInPlace ? 'the logits themselves or apart from them' : 'apart from the logits'
  checkOverlap(who, result, length, like, mayBeInPlace, wanted, name)
  return result
}

/** Results may lie where an argument of their dtype starts, if that is allowed, else apart from it; `wanted` says so. */
export function checkOverlap(
  who: string,
  out: FloatArray,
  length: number,
  other: FloatArray,
  mayBeInPlace: boolean,
  wanted: string,
  name: string = 'out',
): void {
  const inPlace = mayBeInPlace && out.byteOffset === other.byteOffset && dtypeOf(out) === dtypeOf(other)
  if (!overlaps(out, length, other) || inPlace) return
  const end = out.byteOffset + length * out.BYTES_PER_ELEMENT
  throw new RangeError(
    `${who}: expected ${name} to be ${wanted}, got an overlap (bytes ${out.byteOffset} to ${end} and ` +
      `${other.byteOffset} to ${other.byteOffset + other.byteLength})`,
  )
}

/** Results must not be written over another input, such as labels, that is still to be read. */
export function checkApart(
  who: string,
  out: FloatArray,
  length: number,
  name: string,
  other: unknown,
  outName: string = 'out',
): void {
  if (ArrayBuffer.isView(other) && overlaps(out, length, other)) {
    throw new RangeError(
      `${who}: expected ${outName} to be apart from the ${name}, got an overlap at byte ${other.byteOffset}`,
    )
  }
}

export const isIntegerArray = (value: unknown): value is IntegerArray =>
  value instanceof Int32Array ||
  value instanceof Uint8Array ||
  value instanceof Int8Array ||
  value instanceof Int16Array ||
  value instanceof Uint16Array ||
  value instanceof Uint32Array ||
  value instanceof Uint8ClampedArray

/** The kind of labels: an integer array or a number[], or also distributions; what they hold is checked elsewhere. */
export function checkLabelKind(who: string, labels: Labels | FloatArray, takesDistributions: boolean = false): void {
  if (isIntegerArray(labels) || Array.isArray(labels)) return
  const isFloat = labels instanceof Float32Array || labels instanceof Float64Array
  if (isFloat && takesDistributions) return
  const kinds = takesDistributions
    ? 'an integer array, a number[] or, with distributions, a Float32Array or a Float64Array'
    : 'an integer array or a number[]'
  const hint = isFloat ? ' (distributions are not supported)' : ''
  throw new TypeError(`${who}: expected labels to be ${kinds}, got ${describe(labels)}${hint}`)
}
