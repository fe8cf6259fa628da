import { CHECK_IDS } from '../native/catalog.gen.js';
import { deviceId } from './device-id.js';
import type { Check, Device, Via } from './report.js';

const VIA_ORDER: readonly Via[] = ['layer0', 'telemetry', 'warm', 'fresh', 'thread'];

/** Sorts rows by the list of checks, the machine before its devices, regardless of the answers' order. */
export function orderedRows(rows: readonly Check[], devices: readonly Device[]): Check[] {
  const names = devices.map(deviceId);
  const rank = (row: Check) => [
    CHECK_IDS.indexOf(row.id),
    row.device === null ? -1 : names.indexOf(row.device),
    VIA_ORDER.indexOf(row.via),
  ];
  return rows
    .map((row) => ({ row, rank: rank(row) }))
    .sort((a, b) => a.rank.map((value, i) => value - (b.rank[i] ?? 0)).find((value) => value !== 0) ?? 0)
    .map(({ row }) => row);
}
