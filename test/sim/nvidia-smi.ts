/** gpuprobe's report in the words of nvidia-smi 535, written down by hand: what both say must be the same. */
import type { Device, GpuProcess } from '../../lib/probe/report.js';

const BYTES_PER_MIB = 2 ** 20;
const HERTZ_PER_MEGAHERTZ = 1e6;
const COMPUTE_MODES: Record<string, string> = {
  default: 'Default',
  prohibited: 'Prohibited',
  'exclusive-process': 'Exclusive_Process',
};
/** Names of `-q -x`, by the report's. */
const THROTTLE_REASONS: Record<string, string> = {
  'gpu-idle': 'gpu_idle',
  'applications-clocks-setting': 'applications_clocks_setting',
  'sw-power-cap': 'sw_power_cap',
  'hw-slowdown': 'hw_slowdown',
  'sync-boost': 'sync_boost',
  'sw-thermal-slowdown': 'sw_thermal_slowdown',
  'hw-thermal-slowdown': 'hw_thermal_slowdown',
  'hw-power-brake-slowdown': 'hw_power_brake_slowdown',
  'display-clock-setting': 'display_clocks_setting',
};

/** What gpuprobe could not read is N/A in nvidia-smi too, and nothing else is. */
function or(value: number | boolean | null | undefined, print: (value: number) => string): string {
  return value === null || value === undefined ? 'N/A' : print(Number(value));
}
const plain = (value: number | null | undefined) => or(value, String);
const unit =
  (name: string, per = 1, digits = 0) =>
  (value: number | null | undefined) =>
    or(value, (number) => `${(number / per).toFixed(digits)} ${name}`);
const mebibytes = (value: number | null | undefined) =>
  or(value, (bytes) => `${Math.floor(bytes / BYTES_PER_MIB)} MiB`);
const percent = unit('%', 0.01);
const watts = unit('W', 1, 2);
const megahertz = unit('MHz', HERTZ_PER_MEGAHERTZ);
const celsius = unit('C');
const enabled = (value: boolean | null | undefined) => or(value, (on) => (on ? 'Enabled' : 'Disabled'));
const yes = (value: boolean | null | undefined) => or(value, (on) => (on ? 'Yes' : 'No'));
const lanes = (value: number | null) => or(value, (width) => `${width}x`);

function throttleReasons(device: Device): Record<string, string> {
  return Object.fromEntries(
    Object.entries(THROTTLE_REASONS).map(([ours, theirs]) => [
      `clocks_event_reasons.clocks_event_reason_${theirs}`,
      device.throttleReasons?.includes(ours) ? 'Active' : 'Not Active',
    ]),
  );
}

function health({ ecc, remappedRows, retiredPages }: Device): Record<string, string> {
  return {
    'ecc_mode.current_ecc': enabled(ecc?.enabled),
    'ecc_mode.pending_ecc': enabled(ecc?.pendingEnabled),
    'ecc_errors.volatile.dram_correctable': plain(ecc?.volatile.corrected),
    'ecc_errors.volatile.dram_uncorrectable': plain(ecc?.volatile.uncorrected),
    'ecc_errors.aggregate.dram_correctable': plain(ecc?.aggregate.corrected),
    'ecc_errors.aggregate.dram_uncorrectable': plain(ecc?.aggregate.uncorrected),
    'retired_pages.multiple_single_bit_retirement.retired_count': plain(retiredPages?.singleBit),
    'retired_pages.double_bit_retirement.retired_count': plain(retiredPages?.doubleBit),
    'retired_pages.pending_retirement': yes(retiredPages?.pending),
    ...(remappedRows === null
      ? { remapped_rows: 'N/A' }
      : {
          'remapped_rows.remapped_row_corr': plain(remappedRows.correctable),
          'remapped_rows.remapped_row_unc': plain(remappedRows.uncorrectable),
          'remapped_rows.remapped_row_pending': yes(remappedRows.pending),
          'remapped_rows.remapped_row_failure': yes(remappedRows.failure),
        }),
  };
}

/** The texts of `-q -x` that the report has as well. */
export function inXml(device: Device): Record<string, string> {
  const { memory, utilization, encoder, clocks, pcie } = device;
  return {
    product_name: device.name ?? 'N/A',
    uuid: device.uuid ?? 'N/A',
    minor_number: plain(device.minor),
    'pci.pci_bus_id': device.pciBusId ?? 'N/A',
    'pci.pci_gpu_link_info.pcie_gen.max_link_gen': plain(pcie.maxGeneration),
    'pci.pci_gpu_link_info.pcie_gen.current_link_gen': plain(pcie.generation),
    'pci.pci_gpu_link_info.link_widths.max_link_width': lanes(pcie.maxWidth),
    'pci.pci_gpu_link_info.link_widths.current_link_width': lanes(pcie.width),
    'pci.replay_counter': plain(pcie.replayCount),
    'fb_memory_usage.total': mebibytes(memory.totalBytes),
    'fb_memory_usage.reserved': mebibytes(memory.reservedBytes),
    'fb_memory_usage.used': mebibytes(memory.usedBytes),
    'fb_memory_usage.free': mebibytes(memory.freeBytes),
    'utilization.gpu_util': percent(utilization.gpu),
    'utilization.memory_util': percent(utilization.memory),
    'utilization.encoder_util': percent(utilization.encoder),
    'utilization.decoder_util': percent(utilization.decoder),
    'temperature.gpu_temp': celsius(device.temperatureCelsius),
    'gpu_power_readings.power_draw': watts(device.powerWatts),
    'gpu_power_readings.current_power_limit': watts(device.powerLimitWatts),
    'clocks.sm_clock': megahertz(clocks.smHertz),
    'clocks.mem_clock': megahertz(clocks.memoryHertz),
    compute_mode: COMPUTE_MODES[device.computeMode ?? ''] ?? 'N/A',
    persistence_mode: enabled(device.persistenceMode),
    'mig_mode.current_mig': enabled(device.migMode),
    'encoder_stats.session_count': plain(encoder.sessionCount),
    'encoder_stats.average_fps': plain(encoder.averageFps),
    'encoder_stats.average_latency': plain(encoder.averageLatencyUs),
    ...throttleReasons(device),
    ...health(device),
  };
}

export interface SmiProcess {
  pid: string;
  type: string;
  process_name: string;
  used_memory: string;
}

const TYPES = { compute: 'C', graphics: 'G', 'mps-compute': 'M+C' };

/** As nvidia-smi lists them: by number, and in one line what computes and draws. */
export function processes(device: Device): SmiProcess[] {
  const lines = new Map<number, SmiProcess>();
  const inOrder = [...(device.processes ?? [])].sort((a, b) => a.pid - b.pid);
  for (const { pid, kind, name, usedBytes } of inOrder satisfies GpuProcess[]) {
    const both = lines.get(pid);
    if (both === undefined) {
      const used_memory = mebibytes(usedBytes);
      lines.set(pid, { pid: `${pid}`, type: TYPES[kind], process_name: name ?? 'N/A', used_memory });
    } else {
      both.type = 'C+G';
    }
  }
  return [...lines.values()];
}

/** Columns of `--query-gpu` with what the report says of each. */
export const COLUMNS: Record<string, (device: Device) => string> = {
  index: ({ index }) => `${index}`,
  name: ({ name }) => name ?? '[N/A]',
  uuid: ({ uuid }) => uuid ?? '[N/A]',
  'pci.bus_id': ({ pciBusId }) => pciBusId ?? '[N/A]',
  'memory.total': ({ memory }) => mebibytes(memory.totalBytes),
  'memory.reserved': ({ memory }) => mebibytes(memory.reservedBytes),
  'memory.used': ({ memory }) => mebibytes(memory.usedBytes),
  'memory.free': ({ memory }) => mebibytes(memory.freeBytes),
  'utilization.gpu': ({ utilization }) => bracketed(percent(utilization.gpu)),
  'utilization.memory': ({ utilization }) => bracketed(percent(utilization.memory)),
  'temperature.gpu': ({ temperatureCelsius }) => plain(temperatureCelsius),
  'power.draw': ({ powerWatts }) => watts(powerWatts),
  'enforced.power.limit': ({ powerLimitWatts }) => watts(powerLimitWatts),
  'clocks.sm': ({ clocks }) => megahertz(clocks.smHertz),
  'clocks.mem': ({ clocks }) => megahertz(clocks.memoryHertz),
  compute_mode: ({ computeMode }) => COMPUTE_MODES[computeMode ?? ''] ?? '[N/A]',
  persistence_mode: ({ persistenceMode }) => enabled(persistenceMode),
  'pcie.link.gen.current': ({ pcie }) => plain(pcie.generation),
  'pcie.link.width.current': ({ pcie }) => plain(pcie.width),
  'ecc.mode.current': ({ ecc }) => bracketed(enabled(ecc?.enabled)),
  'ecc.errors.uncorrected.volatile.total': ({ ecc }) => bracketed(plain(ecc?.volatile.uncorrected)),
  'encoder.stats.sessionCount': ({ encoder }) => bracketed(plain(encoder.sessionCount)),
  'mig.mode.current': ({ migMode }) => bracketed(enabled(migMode)),
};

const bracketed = (text: string) => (text === 'N/A' ? '[N/A]' : text);

/** The table's last column: with MIG on it does not count, and a star says that a reset changes the mode. */
function eccInTable({ ecc, migMode }: Device): string {
  if (ecc === null) return 'N/A';
  const star = ecc.enabled === ecc.pendingEnabled ? '' : '*';
  return `${ecc.enabled ? (migMode ? 'On' : ecc.volatile.uncorrected) : 'Off'}${star}`;
}

/** Parts of a GPU's lines in the table. */
export function inTable(device: Device): string[] {
  const { memory } = device;
  const mib = (bytes: number | null) => `${Math.floor((bytes ?? 0) / BYTES_PER_MIB)}MiB`;
  return [
    `|   ${device.index}  `,
    ` ${device.pciBusId} `,
    ` ${device.temperatureCelsius}C `,
    ` ${Math.floor(device.powerWatts ?? 0)}W / ${device.powerLimitWatts?.toFixed(0).padStart(3)}W `,
    ` ${mib(memory.usedBytes)} / ${mib(memory.totalBytes)} `,
    ` ${percent(device.utilization.gpu).replace(' %', '%')} `,
    ` ${eccInTable(device)} |`,
  ];
}
