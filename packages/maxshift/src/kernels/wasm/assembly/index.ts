/** The module: both modes. fast.ts is built a second time with relaxed SIMD. */
export * from './accurate'
export { writeLogSoftmax_f64, writeSoftmax_f64 } from './double'
export { table_f64 } from './exp-double'
export * from './fast'
export { transpose_f32, transpose_f64 } from './matrix'
export { setTemperature_f64 } from './temperature-double'
