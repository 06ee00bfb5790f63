/**
 * The nearest point to c in a cone {d : a_i·d ≥ 0 for all i}: the dual active-set method of Goldfarb & Idnani (Math. Programming 27,
 * 1983) for ½·|d − c|². It starts at d = c and makes one violated constraint after the other active, d = c + Σ λ_i·a_i with λ ≥ 0,
 * letting go of those whose λ would turn negative; the distance from c grows with every step, so that no set comes twice.
 *
 * The answer decides whether the cone has a point on the side of c at all: if not, the nearest point is 0, and the λ prove it.
 *
 * The factors Q·R of the active normals are kept: a new one is orthogonalised twice (Daniel et al., Math. Comp. 30, 1976), one that
 * leaves is rotated out.
 */
import { addScaled, dot, norm } from './vector.ts'

/** Finds normals a of unit length with a·d < −tolerance·|d|, the most violated first; none if there are no more. */
export type Violated = (d: Float64Array, tolerance: number) => Promise<readonly Float64Array[]>

export interface ConeOptions {
  /** A constraint counts as met if a·d ≥ −tolerance·|d|. Default 1e-10. */
  readonly tolerance?: number
  /** How often violated constraints are asked for before giving up. Default 10 000. */
  readonly maxQuestions?: number
}

/** Of d relative to c: below, it is the rounding of 0. */
const NOTHING = 1e-9
/** The part of a unit normal outside the span of the others below which it is within. */
const DEPENDENT = 1e-11

/**
 * The projection of c: a point that meets every constraint within the tolerance; zeros where 0 is the nearest. Undefined if the
 * questions are used up.
 */
export async function projectOntoCone(
  c: Float64Array,
  violated: Violated,
  options: ConeOptions = {},
): Promise<Float64Array | undefined> {
  const { tolerance = 1e-10, maxQuestions = 10_000 } = options
  const active = new ActiveSet(c)
  const size = norm(c)
  for (let questions = 0; questions < maxQuestions; questions++) {
    const { d } = active
    const length = norm(d)
    if (!(length > NOTHING * size)) return new Float64Array(c.length)
    const normals = await violated(d, tolerance)
    if (normals.length === 0) return d.slice()
    for (const normal of normals) {
      if (dot(normal, d) < -tolerance * norm(d)) active.enforce(normal)
    }
    active.refine()
  }
  return undefined
}

class ActiveSet {
  /** c + Σ λ_i·a_i. */
  readonly d: Float64Array
  private readonly c: Float64Array
  private normals: Float64Array[] = []
  private multipliers: number[] = []
  /** Columns of Q, and those of R, from their first row to the diagonal. */
  private basis: Float64Array[] = []
  private columns: number[][] = []

  constructor(c: Float64Array) {
    this.c = c
    this.d = c.slice()
  }

  /** Moves d to where a·d ≥ 0 besides the constraints that are active. */
  enforce(normal: Float64Array): void {
    let multiplier = 0
    for (;;) {
      const { outside, shares } = this.split(normal)
      const dependent = norm(outside) <= DEPENDENT
      const { step, place } = this.longestStep(shares)
      const wanted = dependent ? Infinity : -dot(normal, this.d) / dot(outside, outside)
      const taken = Math.min(step, wanted)
      // Neither: d = 0 up to rounding, where all constraints meet.
      if (taken === Infinity) return
      if (!dependent) addScaled(this.d, taken, outside)
      for (let i = 0; i < shares.length; i++) this.multipliers[i] -= taken * shares[i]
      multiplier += taken
      if (wanted <= step) {
        this.append(normal, multiplier)
        return
      }
      this.drop(place)
    }
  }

  /** Takes the rounding of all steps out of d: the part of c outside the span of the active normals. */
  refine(): void {
    this.d.set(this.c)
    for (let round = 0; round < 2; round++) {
      for (const q of this.basis) addScaled(this.d, -dot(q, this.d), q)
    }
  }

  /** The part of a vector outside the span of the active normals, and their shares of the part within. */
  private split(vector: Float64Array): { outside: Float64Array; inside: number[]; shares: number[] } {
    const outside = vector.slice()
    const inside = this.basis.map(() => 0)
    for (let round = 0; round < 2; round++) {
      this.basis.forEach((q, i) => {
        const share = dot(q, outside)
        inside[i] += share
        addScaled(outside, -share, q)
      })
    }
    const shares = [...inside]
    for (let j = shares.length - 1; j >= 0; j--) {
      const column = this.columns[j]
      shares[j] /= column[j]
      for (let i = 0; i < j; i++) shares[i] -= shares[j] * column[i]
    }
    return { outside, inside, shares }
  }

  /** How far the multipliers can move against these shares before one is 0, and which. */
  private longestStep(shares: readonly number[]): { step: number; place: number } {
    let step = Infinity
    let place = -1
    for (let i = 0; i < shares.length; i++) {
      const limit = Math.max(0, this.multipliers[i]) / shares[i]
      if (shares[i] > DEPENDENT && limit < step) {
        step = limit
        place = i
      }
    }
    return { step, place }
  }

  private append(normal: Float64Array, multiplier: number): void {
    const { outside, inside } = this.split(normal)
    const length = norm(outside)
    this.normals.push(normal)
    this.multipliers.push(multiplier)
    this.basis.push(outside.map((value) => value / length))
    this.columns.push([...inside, length])
  }

  /** Takes out an active constraint: R without its column is triangular again after a rotation for each of the columns behind. */
  private drop(place: number): void {
    this.normals.splice(place, 1)
    this.multipliers.splice(place, 1)
    this.columns.splice(place, 1)
    for (let j = place; j < this.columns.length; j++) {
      const column = this.columns[j]
      const length = Math.sqrt(column[j] * column[j] + column[j + 1] * column[j + 1])
      const cosine = column[j] / length
      const sine = column[j + 1] / length
      for (let later = j; later < this.columns.length; later++) {
        const other = this.columns[later]
        const upper = other[j]
        other[j] = cosine * upper + sine * other[j + 1]
        other[j + 1] = cosine * other[j + 1] - sine * upper
      }
      column.pop()
      const [p, q] = [this.basis[j], this.basis[j + 1]]
      for (let i = 0; i < p.length; i++) {
        const upper = p[i]
        p[i] = cosine * upper + sine * q[i]
        q[i] = cosine * q[i] - sine * upper
      }
    }
    this.basis.pop()
  }
}
