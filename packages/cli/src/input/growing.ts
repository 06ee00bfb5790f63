/**
 * Numbers of which it is not known how many will come: they lie in memory that doubles.
 */
export class Growing<A extends Int32Array | Float64Array> {
  length = 0
  readonly #make: (length: number) => A
  #values: A

  constructor(make: (length: number) => A) {
    this.#make = make
    this.#values = make(1024)
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = this.#make(2 * this.length)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.length++] = value
  }

  /** What has come so far, as a view. */
  get values(): A {
    return this.#values.subarray(0, this.length) as A
  }
}
