/**
 * DuckDB as a reader: a query over one file, its columns as typed arrays.
 *
 * The low-level bindings hand out the memory of a chunk (2048 rows of each column) as it is; a column of DOUBLE is a
 * Float64Array without further work, which is several times faster than values one by one. The slot of a NULL holds
 * garbage there, so `firstNull` must be asked. The module is large and native: it is loaded when the first table is
 * opened, not before. Extensions are never fetched from the network.
 */
import type { Connection, DataChunk } from '@duckdb/node-bindings'

type Bindings = typeof import('@duckdb/node-bindings')

/** One batch of rows. */
export interface Chunk {
  rows: number
  /** The first row of this batch in which column `column` is NULL, −1 when there is none. */
  firstNull(column: number): number
  doubles(column: number): Float64Array
  floats(column: number): Float32Array
  /** Rows of a column of arrays of `length` DOUBLEs, or FLOATs; a row that is NULL or has a NULL in it is NaN throughout. */
  arrays(column: number, length: number, single: boolean): Float32Array | Float64Array
  /** Values of a VARCHAR column; null where they are NULL. */
  strings(column: number): (string | null)[]
}

export interface Database {
  /** Runs `sql`, in which `$1`, `$2`, … stand for `paths`, and yields the result in the order of the files. */
  query(sql: string, paths?: readonly string[]): AsyncGenerator<Chunk>
  close(): void
}

export async function openDatabase(): Promise<Database> {
  const { default: duckdb } = await import('@duckdb/node-bindings')
  const config = duckdb.create_config()
  duckdb.set_config(config, 'autoinstall_known_extensions', 'false')
  duckdb.set_config(config, 'autoload_known_extensions', 'false')
  const database = await duckdb.open(':memory:', config)
  const connection = await duckdb.connect(database)
  return {
    query: (sql, paths) => run(duckdb, connection, sql, paths),
    close() {
      duckdb.disconnect_sync(connection)
      duckdb.close_sync(database)
    },
  }
}

/** DuckDB reads a path as a pattern; a class of one character stands for itself. */
export function literalPath(path: string): string {
  return path.replace(/[*?[]/g, '[$&]')
}

async function* run(
  duckdb: Bindings,
  connection: Connection,
  sql: string,
  paths: readonly string[] = [],
): AsyncGenerator<Chunk> {
  const statement = await duckdb.prepare(connection, sql)
  try {
    for (const [i, path] of paths.entries()) duckdb.bind_varchar(statement, i + 1, literalPath(path))
    const result = await duckdb.execute_prepared_streaming(statement)
    for (;;) {
      const chunk = await duckdb.fetch_chunk(result)
      const rows = chunk === null ? 0 : duckdb.data_chunk_get_size(chunk)
      if (chunk === null || rows === 0) return
      yield view(duckdb, chunk, rows)
    }
  } finally {
    duckdb.destroy_prepare_sync(statement)
  }
}

function view(duckdb: Bindings, chunk: DataChunk, rows: number): Chunk {
  const data = (column: number, width: number) => {
    return duckdb.vector_get_data(duckdb.data_chunk_get_vector(chunk, column), rows * width)
  }
  // One bit per row in 64-bit words, 0 for NULL; null instead of the words when nothing is NULL.
  const validity = (column: number): Uint8Array | null => {
    return duckdb.vector_get_validity(duckdb.data_chunk_get_vector(chunk, column), Math.ceil(rows / 64) * 8)
  }
  const isNull = (bits: Uint8Array, row: number) => (bits[row >> 3] & (1 << (row & 7))) === 0
  return {
    rows,
    firstNull(column) {
      const bits = validity(column)
      for (let row = 0; bits !== null && row < rows; row++) if (isNull(bits, row)) return row
      return -1
    },
    doubles(column) {
      const bytes = data(column, 8)
      return new Float64Array(bytes.buffer, bytes.byteOffset, rows)
    },
    floats(column) {
      const bytes = data(column, 4)
      return new Float32Array(bytes.buffer, bytes.byteOffset, rows)
    },
    arrays(column, length, single) {
      const vector = duckdb.data_chunk_get_vector(chunk, column)
      const child = duckdb.array_vector_get_child(vector)
      const count = rows * length
      const bytes = duckdb.vector_get_data(child, count * (single ? 4 : 8))
      const values = single
        ? new Float32Array(bytes.buffer, bytes.byteOffset, count).slice()
        : new Float64Array(bytes.buffer, bytes.byteOffset, count).slice()
      const outer = validity(column)
      const inner = duckdb.vector_get_validity(child, Math.ceil(count / 64) * 8)
      if (outer === null && inner === null) return values
      for (let i = 0; i < count; i++) {
        const row = Math.floor(i / length)
        const absent = (outer !== null && isNull(outer, row)) || (inner !== null && isNull(inner, i))
        if (absent) values.fill(Number.NaN, row * length, (row + 1) * length)
      }
      return values
    },
    strings(column) {
      const bytes = Buffer.from(data(column, 16).buffer)
      const bits = validity(column)
      return Array.from({ length: rows }, (_, row) => {
        return bits !== null && isNull(bits, row) ? null : text(duckdb, bytes, row * 16)
      })
    },
  }
}

/** A string slot: 4 bytes of length, then up to 12 bytes of text, or a 4-byte prefix and a pointer to the text. */
function text(duckdb: Bindings, slots: Buffer, at: number): string {
  const length = slots.readUInt32LE(at)
  if (length <= 12) return slots.toString('utf8', at + 4, at + 4 + length)
  const bytes = duckdb.get_data_from_pointer(slots.buffer as ArrayBuffer, slots.byteOffset + at + 8, length)
  return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('utf8')
}
