/** The module of the losses: both modes. loss-fast.ts is built a second time with relaxed SIMD. */
export * from './loss-accurate'
export * from './loss-fast'
export { softCrossEntropy_f32, softCrossEntropyWithGradient_f32 } from './soft-rows'
export { softCrossEntropy_f64, softCrossEntropyWithGradient_f64 } from './soft-double'
export { setSoft_f64 } from './soft-double-record'
export { table_f64 } from './exp-double'
