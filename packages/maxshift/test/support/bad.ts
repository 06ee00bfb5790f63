/**
 * Values of a wrong kind for typed functions: TypeScript users cannot pass them, JavaScript users do.
 */

// biome-ignore lint/suspicious/noExplicitAny: breaking the types is the point
export const bad = (value: unknown): any => value
