/**
 * `--report FILE`: the door of this folder.
 */
import { writeWhole } from '../../output/write-file.ts'
import { collectReport, type ReportRequest } from './collect.ts'
import { renderReport } from './render.ts'

/** Writes the report, whole or not at all; returns its size. */
export async function writeReport(path: string, request: ReportRequest): Promise<number> {
  return await writeWhole(path, [renderReport(await collectReport(request))])
}
