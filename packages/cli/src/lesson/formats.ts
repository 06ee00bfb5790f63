/**
 * The two number formats in which the lesson computes: every operation is rounded to the format, as a program in it does.
 */
export interface Format {
  readonly name: 'float32' | 'float64'
  /** Decimal digits that a rounded number has right at least. */
  readonly digits: number
  readonly largest: number
  readonly smallest: number
  readonly array: (values: readonly number[]) => Float32Array | Float64Array
  readonly round: (value: number) => number
}

export const FORMATS: readonly Format[] = [
  {
    name: 'float32',
    digits: 7,
    largest: 3.4028234663852886e38,
    smallest: 2 ** -149,
    array: (values) => Float32Array.from(values),
    round: Math.fround,
  },
  {
    name: 'float64',
    digits: 16,
    largest: Number.MAX_VALUE,
    smallest: Number.MIN_VALUE,
    array: (values) => Float64Array.from(values),
    round: (value) => value,
  },
]

/** `value` in so many digits, as people read it: ∞, NaN, or a number without the zeros behind it. */
export function show(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  if (value === 0) return '0'
  const magnitude = Math.abs(value)
  return tidy(magnitude >= 1e6 || magnitude < 1e-3 ? value.toExponential(digits - 1) : value.toPrecision(digits))
}

/** A decimal number as a program writes it, with a proper minus and without the zeros behind it. */
export function tidy(text: string): string {
  const [digits, exponent] = text.split('e')
  const short = digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits
  const power = exponent === undefined ? '' : `e${exponent.replace('+', '')}`
  return `${short}${power}`.replaceAll('-', '−')
}
