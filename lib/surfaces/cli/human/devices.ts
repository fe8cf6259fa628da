import { gibibytes } from '../../../format.js';
import type { Device } from '../../../probe/report.js';
import { healthWords } from './health.js';
import type { Paint } from './paint.js';
import { printable, wrap } from './text.js';

/** A column: its heading, a device's value, and the readings behind that value. */
interface Column {
  title: string;
  align: 'left' | 'right';
  value(device: Device): string | null;
  readings: readonly string[];
}

const NOT_AVAILABLE = 'n/a';
const GAP = '  ';

const COLUMNS: readonly Column[] = [
  { title: 'GPU', align: 'right', value: (device) => String(device.index), readings: [] },
  { title: 'name', align: 'left', value: (device) => device.name, readings: ['name'] },
  { title: 'uuid/PCI', align: 'left', value: shortId, readings: ['uuid', 'pciBusId'] },
  { title: 'memory GiB', align: 'right', value: memory, readings: ['memory.usedBytes', 'memory.totalBytes'] },
  {
    title: 'util',
    align: 'right',
    value: (device) => percent(device.utilization.gpu),
    readings: ['utilization.gpu'],
  },
  {
    title: 'temp',
    align: 'right',
    value: (device) => unit(device.temperatureCelsius, 'C'),
    readings: ['temperatureCelsius'],
  },
  {
    title: 'power',
    align: 'right',
    value: (device) => unit(device.powerWatts, 'W'),
    readings: ['powerWatts'],
  },
  {
    title: 'enc',
    align: 'right',
    value: (device) => unit(device.encoder.sessionCount, ''),
    readings: ['encoder.sessionCount'],
  },
];

/** The name column shrinks to this width on a narrow terminal. */
const NAME = { title: 'name', least: 5 } as const;

/** Returns the GPUs as a table; under each row, its health problems and the reasons for missing values. */
export function deviceLines(devices: readonly Device[], width: number, paint: Paint): string[] {
  if (devices.length === 0) return [];
  const rows = devices.map((device) =>
    COLUMNS.map((column) => printable(column.value(device) ?? NOT_AVAILABLE)),
  );
  const widths = fitted(
    COLUMNS.map((column, i) => Math.max(column.title.length, ...rows.map((row) => row[i]?.length ?? 0))),
    width,
  );
  const heading = line(
    COLUMNS.map((column) => column.title),
    widths,
  );
  return [
    paint('dim', heading),
    ...devices.flatMap((device, i) => [
      line(rows[i] ?? [], widths),
      ...health(device, width),
      ...reasons(device, width, paint),
    ]),
  ];
}

function line(cells: readonly string[], widths: readonly number[]): string {
  const padded = cells.map((cell, i) => {
    const width = widths[i] ?? cell.length;
    const cut = cell.length > width ? `${cell.slice(0, width - 1)}~` : cell;
    return COLUMNS[i]?.align === 'right' ? cut.padStart(width) : cut.padEnd(width);
  });
  return padded.join(GAP).trimEnd();
}

function fitted(widths: readonly number[], width: number): number[] {
  const excess = widths.reduce((sum, one) => sum + one + GAP.length, -GAP.length) - width;
  return widths.map((one, i) =>
    COLUMNS[i]?.title === NAME.title && excess > 0 ? Math.max(NAME.least, one - excess) : one,
  );
}

/** Returns for example `health: PCIe x8 of x16`. */
function health(device: Device, width: number): string[] {
  const words = healthWords(device);
  return words.length === 0 ? [] : wrap(words.join('; '), width, '     health: ');
}

/** Returns for example `n/a: temp, power: 3 NVML_ERROR_NOT_SUPPORTED`, one line per reason. */
function reasons(device: Device, width: number, paint: Paint): string[] {
  const byReason = new Map<string, string[]>();
  for (const column of COLUMNS) {
    if (column.value(device) !== null) continue;
    const why = column.readings
      .map((path) => device.unavailable[path])
      .find((reason) => reason !== undefined);
    const reason =
      why === undefined ? 'no reason given' : [why.code, why.name].filter((part) => part !== null).join(' ');
    byReason.set(reason, [...(byReason.get(reason) ?? []), column.title]);
  }
  return [...byReason].flatMap(([reason, titles]) =>
    wrap(`${titles.join(', ')}: ${reason}`, width, `     ${NOT_AVAILABLE}: `).map((text) =>
      paint('dim', text),
    ),
  );
}

/** Returns a UUID as `GPU-1a2b3c4d`; without one, the PCI bus id without a zero domain. */
function shortId(device: Device): string | null {
  return device.uuid?.split('-').slice(0, 2).join('-') ?? device.pciBusId?.replace(/^0+:/, '') ?? null;
}

function memory({ memory: { usedBytes, totalBytes } }: Device): string | null {
  return usedBytes === null || totalBytes === null
    ? null
    : `${gibibytes(usedBytes)} / ${gibibytes(totalBytes)}`;
}

function percent(ratio: number | null): string | null {
  return ratio === null ? null : `${Math.round(ratio * 100)} %`;
}

function unit(value: number | null, symbol: string): string | null {
  return value === null ? null : `${Math.round(value)} ${symbol}`.trimEnd();
}
