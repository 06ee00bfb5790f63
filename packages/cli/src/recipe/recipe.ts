/**
 * How the columns of a table become features: learned from the training data, kept in the model, so that `predict` takes rows as they
 * come. Every feature has a place; a column takes one or several, in the order of `columns`:
 *
 *   number, boolean   the value (1 and 0 for true and false), and where `indicator` is set 1 where it is missing
 *   category          a 1 at the place of its level, one place for each of `levels`; none for the base level
 *   embedding         `length` numbers of a list
 *   text              word and character n-grams, hashed to 2^bits places (hashed-text.ts)
 *   image             the numbers of an image, one place per pixel
 */
import { z } from 'zod'

const name = z.string()
const filled = {
  name,
  /** What stands for a missing value; null: a missing value is an error. */
  fill: z.number().nullable(),
  /** Whether a feature of its own tells that the value is missing. */
  indicator: z.boolean(),
}

export const columnRecipe = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('number'), ...filled }),
  z.strictObject({ kind: z.literal('boolean'), ...filled }),
  z.strictObject({
    kind: z.literal('category'),
    name,
    /** The level that has no place of its own; null for an empty cell. */
    base: z.string().nullable(),
    /** The other levels, null for an empty cell: where none is among them, a missing value counts as `missing` says. */
    levels: z.array(z.string().nullable()).min(1),
  }),
  z.strictObject({ kind: z.literal('embedding'), name, length: z.int().min(1) }),
  z.strictObject({ kind: z.literal('text'), name, bits: z.int().min(1).max(24) }),
])

export const recipe = z.strictObject({
  version: z.literal(1),
  /** What becomes of missing values in columns that had none in the training data. */
  missing: z.enum(['error', 'mean', 'zero']),
  /** What becomes of a level of a category that the training data did not have. */
  unseen: z.enum(['base', 'error']),
  columns: z.array(columnRecipe).min(1),
})

/** The JSON of a recipe. */
export const recipeText = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text)
    } catch {
      context.addIssue('is no JSON')
      return z.NEVER
    }
  })
  .pipe(recipe)

export type ColumnRecipe = z.infer<typeof columnRecipe>
export type Recipe = z.infer<typeof recipe>
export type CategoryRecipe = Extract<ColumnRecipe, { kind: 'category' }>

/** How many features a column gives. */
export function widthOf(column: ColumnRecipe): number {
  switch (column.kind) {
    case 'category':
      return column.levels.length
    case 'embedding':
      return column.length
    case 'text':
      return 2 ** column.bits
    default:
      return column.indicator ? 2 : 1
  }
}

export function featureCountOf({ columns }: Recipe): number {
  return columns.reduce((sum, column) => sum + widthOf(column), 0)
}

/** Whether rows have few features that are not 0, so that they are kept as such. */
export function isSparse({ columns }: Recipe): boolean {
  return columns.some(({ kind }) => kind === 'text')
}

/** The name of a feature of a column: `age`, `age is missing`, `colour=red`, `vector[3]`, `review#1234`. */
export function featureName(column: ColumnRecipe, place: number): string {
  switch (column.kind) {
    case 'category': {
      const level = column.levels[place]
      return level === null ? `${column.name} is missing` : `${column.name}=${level}`
    }
    case 'embedding':
      return `${column.name}[${place}]`
    case 'text':
      return `${column.name}#${place}`
    default:
      return place === 0 ? column.name : `${column.name} is missing`
  }
}

/** Names of all features, made distinct by a number behind the later of equal ones. */
export function featureNamesOf({ columns }: Recipe): string[] {
  const seen = new Map<string, number>()
  const names: string[] = []
  for (const column of columns) {
    for (let place = 0; place < widthOf(column); place++) {
      let made = featureName(column, place)
      while (seen.has(made)) {
        const count = (seen.get(made) ?? 1) + 1
        seen.set(made, count)
        made = `${made} (${count})`
      }
      seen.set(made, 1)
      names.push(made)
    }
  }
  return names
}
