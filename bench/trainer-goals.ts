/**
 * The goals of the trainer as data: what is asked, what was measured, and whether that is enough.
 */
import type { SetResult, TrainerResult } from './trainer-results.ts'
import { TRAINER_SETS } from './trainer-sets.ts'

export interface TrainerGoal {
  readonly what: string
  readonly goal: string
  /** Undefined where it was not measured. */
  readonly measured: string | undefined
  readonly met: boolean
}

const MEGABYTES = 2 ** 20
/** Beyond the data: a quarter of them and so many bytes. */
const MEMORY_SHARE = 0.25
const MEMORY_BYTES = 100 * MEGABYTES
const PASS_GFLOPS = 17
/** Of float32's speed: what counts as just as fast. */
const BYTES_SHARE = 0.95
const SCALING = 1.8
const ABOVE_NEWTON = 1e-9
const NEWTON_SETS = ['iris', 'wine', 'digits', 'penguins']

export const times = (x: number): string => `${x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2)}×`

/** How many times less than scikit-learn's fastest to a target. */
const ratioOf = (set: SetResult | undefined, target: number): number | undefined =>
  set?.against.find((one) => one.library === 'scikit-learn' && one.target === target)?.median

function speedGoal(set: SetResult | undefined, name: string, target: number, at: string, bound: number): TrainerGoal {
  const ratio = ratioOf(set, target)
  return {
    what: `${name}, time to ${at}`,
    goal: `≥ ${bound}× less than scikit-learn's best`,
    measured: ratio === undefined ? undefined : times(ratio),
    met: ratio !== undefined && ratio >= bound,
  }
}

/** Of both kinds of features of MNIST, counting the two products alone. */
export function passSpeeds(set: SetResult | undefined): Record<string, number> {
  if (set?.pass === undefined) return {}
  const operations = 4 * set.rows * set.features * set.classes
  return Object.fromEntries(Object.entries(set.pass).map(([kind, seconds]) => [kind, operations / seconds / 1e9]))
}

/** Bytes beyond the data at the peak of a fit, and those allowed. */
export function memoryOf({ memory, bytes }: SetResult): { beyond: number; allowed: number } | undefined {
  if (memory === undefined) return undefined
  return { beyond: memory.peak - memory.before, allowed: MEMORY_SHARE * bytes + MEMORY_BYTES }
}

export const megabytes = (bytes: number): string => `${Math.round(bytes / MEGABYTES)} MB`

function neverSlower(result: TrainerResult): TrainerGoal {
  const all = result.sets.flatMap((set) =>
    set.targets.flatMap((_, target) => {
      const ratio = ratioOf(set, target)
      return ratio === undefined ? [] : [{ name: set.name, ratio }]
    }),
  )
  const slower = all.filter(({ ratio }) => ratio < 1)
  const names = [...new Set(slower.map(({ name }) => name))]
  const least = Math.min(...all.map(({ ratio }) => ratio))
  const told = slower.length === 0 ? `at least ${times(least)}` : `${times(least)}; slower on ${names.join(', ')}`
  return {
    what: `all ${result.sets.length} data sets, both targets`,
    goal: 'never slower than scikit-learn',
    measured: all.length === 0 ? undefined : told,
    met: all.length > 0 && slower.length === 0,
  }
}

export function trainerGoals(result: TrainerResult): TrainerGoal[] {
  const setOf = (name: string) => result.sets.find((set) => set.name === name)
  const mnist = setOf('mnist')
  const speed = passSpeeds(mnist)
  const scaling = mnist?.scaling?.median
  const fast = TRAINER_SETS.filter(({ goals }) => goals[0] > 1)
  const spoken = (set: (typeof fast)[number], target: number): string =>
    set.targets === undefined ? `${['1e-3', '1e-5'][target]} above the optimum` : `${set.targets[target]}`
  const newton = NEWTON_SETS.flatMap((name) => setOf(name)?.aboveNewton ?? [])
  const memories = result.sets.flatMap((set) => {
    const memory = memoryOf(set)
    return memory === undefined ? [] : [{ name: set.name, ...memory }]
  })
  return [
    ...fast.flatMap((set) =>
      set.goals.map((bound, target) => speedGoal(setOf(set.name), set.name, target, spoken(set, target), bound)),
    ),
    neverSlower(result),
    {
      what: 'a fused pass over MNIST as float32, one thread',
      goal: `≥ ${PASS_GFLOPS} GFLOP/s`,
      measured: speed.f32?.toFixed(1),
      met: speed.f32 >= PASS_GFLOPS,
    },
    {
      what: 'the same over bytes',
      goal: 'as fast',
      measured: speed.u8?.toFixed(1),
      met: speed.u8 >= BYTES_SHARE * speed.f32,
    },
    {
      what: 'two threads against one on MNIST',
      goal: `≥ ${SCALING}×`,
      measured: scaling === undefined ? undefined : times(scaling),
      met: scaling !== undefined && scaling >= SCALING,
    },
    {
      what: 'peak memory of a fit beyond the data',
      goal: '≤ 25 % of them + 100 MB',
      measured:
        memories.length === 0
          ? undefined
          : memories
              .map(({ name, beyond, allowed }) => `${name} ${megabytes(beyond)} of ${megabytes(allowed)}`)
              .join(', '),
      met: memories.length > 0 && memories.every(({ beyond, allowed }) => beyond <= allowed),
    },
    {
      what: `objective above full Newton steps on ${NEWTON_SETS.join(', ')}, relative`,
      goal: `≤ ${ABOVE_NEWTON}`,
      measured: newton.length === 0 ? undefined : Math.max(...newton).toExponential(0),
      met: newton.length > 0 && newton.every((gap) => gap <= ABOVE_NEWTON),
    },
  ]
}
