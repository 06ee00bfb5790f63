/**
 * Comma-separated values out (RFC 4180): a field is quoted when it must be, a quote in it doubled.
 */

export function csvField(value: string | number): string {
  const text = String(value)
  return /[",\r\n]|^\s|\s$|^$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export function csvRecord(values: readonly (string | number)[]): string {
  return `${values.map(csvField).join(',')}\n`
}
