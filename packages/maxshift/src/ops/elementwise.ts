/**
 * Functions of one, two or three numbers as public functions: of numbers and, entry by entry, of arrays, with their derivatives.
 *
 * The function of numbers comes from special/; here are the three shapes in which it is published. Numbers take the shortest
 * way: no options are looked at, so that `values.map(sigmoid)` works.
 */
import type { FloatArray, Logits } from '../arrays.ts'
import { checkLogits, checkOptions, checkOverlap, checkRoom, describe } from '../check.ts'

/** A number, or an array of them: Float32Array, Float64Array or number[]. */
export type Elements = number | Logits

/** A number if all arguments are numbers, else an array: a Float32Array if every array among them is one, else a Float64Array. */
export type ElementwiseResult<A, B = number, C = number> = A extends unknown
  ? B extends unknown
    ? C extends unknown
      ? [A | B | C] extends [number]
        ? number
        : [Extract<A | B | C, Float64Array | readonly number[]>] extends [never]
          ? Float32Array
          : Float64Array
      : never
    : never
  : never

/** Options of an elementwise function of arrays. */
export interface ElementwiseOptions<T = FloatArray> {
  /**
   * Receives the results and is returned: of the dtype of the results, at least as long as the arrays (what lies beyond is not
   * touched), and either an argument of that dtype (in place) or memory apart from all of them.
   */
  out?: T | undefined
}

/** A function of one number, also entry by entry of an array; options are for arrays alone. */
export interface Unary {
  <X extends Logits>(x: X, options?: ElementwiseOptions<ElementwiseResult<X>>): ElementwiseResult<X>
  <X extends Elements>(x: X, options?: ElementwiseOptions<Exclude<ElementwiseResult<X>, number>>): ElementwiseResult<X>
  (x: number): number
}

/** The same with its derivative. */
export interface UnaryFunction extends Unary {
  /** The derivative, a function of the same kind. */
  readonly derivative: Unary
}

/** A function of two numbers, also entry by entry of arrays of equal length; a number goes with every entry. */
export type Binary = <A extends Elements, B extends Elements>(
  a: A,
  b: B,
  options?: ElementwiseOptions<ElementwiseResult<A, B>>,
) => ElementwiseResult<A, B>

/** The same with its partial derivatives, by the names of its arguments. */
export interface BinaryFunction<Names extends string> extends Binary {
  /** The partial derivatives by the name of the argument, functions of the same kind. */
  readonly derivatives: Readonly<Record<Names, Binary>>
}

/** A function of three numbers, also entry by entry of arrays of equal length; a number goes with every entry. */
export type Ternary = <A extends Elements, B extends Elements, C extends Elements>(
  a: A,
  b: B,
  c: C,
  options?: ElementwiseOptions<ElementwiseResult<A, B, C>>,
) => ElementwiseResult<A, B, C>

/** The same with its partial derivatives, by the names of its arguments. */
export interface TernaryFunction<Names extends string> extends Ternary {
  /** The partial derivatives by the name of the argument, functions of the same kind. */
  readonly derivatives: Readonly<Record<Names, Ternary>>
}

type NumberFunction = (a: number, b: number, c: number) => number
type Options = ElementwiseOptions | undefined

/** An argument as an array, a number as one of a single entry. */
function columnOf(who: string, name: string, value: unknown): FloatArray {
  if (typeof value === 'number') return Float64Array.of(value)
  if (value instanceof Float32Array || value instanceof Float64Array || Array.isArray(value)) {
    return checkLogits(who, value as Logits, name)
  }
  throw new TypeError(
    `${who}: expected ${name} to be a number, a Float32Array, a Float64Array or a number[], got ${describe(value)}`,
  )
}

/** Applies f to arrays and numbers, at least one of them an array: entry i of the result is f of the entries i. */
function apply(
  who: string,
  names: readonly string[],
  values: readonly Elements[],
  f: NumberFunction,
  options: Options,
): FloatArray {
  const { out } = checkOptions(who, options, ['out'])
  const columns = names.map((name, i) => columnOf(who, name, values[i]))
  const arrays = names.map((_, i) => i).filter((i) => typeof values[i] !== 'number')
  const first = arrays[0]
  const length = columns[first].length
  for (const i of arrays) {
    if (columns[i].length !== length) {
      throw new RangeError(
        `${who}: expected ${names[first]} and ${names[i]} to have equal lengths, got ${length} and ${columns[i].length}`,
      )
    }
  }
  const like = columns[arrays.find((i) => columns[i] instanceof Float64Array) ?? first]
  const result = checkRoom(who, out, length, like)
  for (const i of arrays) checkOverlap(who, result, length, columns[i], true, `${names[i]} itself or apart from it`)
  const [aStep, bStep, cStep] = values.map((value) => (typeof value === 'number' ? 0 : 1))
  const [a, b, c] = columns
  if (columns.length === 1) for (let i = 0; i < length; i++) result[i] = f(a[i], 0, 0)
  else if (columns.length === 2) for (let i = 0; i < length; i++) result[i] = f(a[i * aStep], b[i * bStep], 0)
  else for (let i = 0; i < length; i++) result[i] = f(a[i * aStep], b[i * bStep], c[i * cStep])
  return result
}

/** f as a public function of as many arguments as there are names. */
function elementwise(who: string, names: readonly string[], f: NumberFunction): unknown {
  const count = names.length
  return (a: Elements, b: Elements, c: Elements, options: Options): number | FloatArray =>
    typeof a === 'number' && (count < 2 || typeof b === 'number') && (count < 3 || typeof c === 'number')
      ? f(a, b as number, c as number)
      : apply(who, names, [a, b, c].slice(0, count), f, [b, c, options][count - 1] as Options)
}

/** The public function of f and its derivative; `name` is that of the argument, for messages. */
export function unary(
  who: string,
  name: string,
  f: (x: number) => number,
  derivative: (x: number) => number,
): UnaryFunction {
  const derivatives = { derivative: elementwise(`${who}.derivative`, [name], derivative) }
  return Object.assign(elementwise(who, [name], f) as Unary, derivatives as { derivative: Unary })
}

/** The public function of f and its partial derivatives, whose order is that of the arguments. */
function several(who: string, f: NumberFunction, partials: Readonly<Record<string, NumberFunction>>): unknown {
  const names = Object.keys(partials)
  const derivatives = names.map((name) => [name, elementwise(`${who}.derivatives.${name}`, names, partials[name])])
  return Object.assign(elementwise(who, names, f) as Binary, { derivatives: Object.fromEntries(derivatives) })
}

/** The public function of f of two arguments, in the order of their derivatives. */
export function binary<Names extends string>(
  who: string,
  f: (a: number, b: number) => number,
  partials: Readonly<Record<Names, (a: number, b: number) => number>>,
): BinaryFunction<Names> {
  return several(who, f, partials) as BinaryFunction<Names>
}

/** The public function of f of three arguments, in the order of their derivatives. */
export function ternary<Names extends string>(
  who: string,
  f: NumberFunction,
  partials: Readonly<Record<Names, NumberFunction>>,
): TernaryFunction<Names> {
  return several(who, f, partials) as TernaryFunction<Names>
}
