/** What the kernels of a mode serve, and where another one takes over. */

/**
 * Up to this many classes, float32 rows are faster four side by side in accurate mode than one by one in fast mode: at 10 classes
 * 5.0 to 7.0 against 6.1 to 9.0 ns per logit, at 32 classes 5.2 against 2.5.
 */
export const FEW_CLASSES = 16

/** Temperatures whose inverse does not fit float32 with room to spare: fast mode leaves them to accurate mode. */
export const isFar = (temperature: number): boolean => temperature > 2 ** 60 || temperature < 2 ** -60

/** Temperatures for which kernels/js/temperature.ts lifts differences, which the vector kernels do not. */
export const isVeryFar = (temperature: number): boolean => temperature > 2 ** 400 || temperature < 2 ** -400
