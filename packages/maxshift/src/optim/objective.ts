/**
 * What an optimiser minimises: a function of a parameter vector, and nothing about the model behind it.
 *
 * The function may answer at once or later: a pass over data that is served by worker threads returns a promise.
 */

/**
 * Returns the value at `parameters` and writes the gradient, of the same length, into `gradient`.
 * It must not change or keep `parameters`. A value or gradient that is not finite is an answer, not an error: the line
 * search steps back from it. What the function throws (an abort, for example) rejects the optimisation.
 */
export type Objective = (parameters: Float64Array, gradient: Float64Array) => number | Promise<number>
