/** The module of the linear pass. It has no data of its own, so several instances may share a memory. */
export {
  loadPanel_f32_f32, loadPanel_f32_f64, loadPanel_f64_f64, loadRows_f32_f32, loadRows_f32_f64, loadRows_f64_f32, loadRows_f64_f64,
  loadRows_u8_f32, loadRows_u8_f64, packCoefficients_f32, packCoefficients_f64,
} from './layout'
export { addOuter_f32_f32, addOuter_f32_f64, addOuter_f64_f64 } from './outer'
export { products_f32, products_f64 } from './products'
export { addColumns_f32, addColumns_f64, residuals_f32 } from './residuals'
