/** The module of the losses: both modes. loss-fast.ts is built a second time with relaxed SIMD. */
export * from './loss-accurate'
export * from './loss-fast'
export { softCrossEntropy_f32, softCrossEntropyWithGradient_f32 } from './soft-rows'
export { softGradient_f64, softSums_f64 } from './soft-double'
export { table_f64 } from './exp-double'
export { setTemperature_f64 } from './temperature-double'
