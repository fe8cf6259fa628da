import type { Device } from '../../lib/probe/report.js';
import type { ScenarioDevice } from '../../lib/sim/scenario.js';

/** What stands still in a device, and has no reason to be null. */
export type ExpectedDevice = Omit<Device, 'unavailable' | 'energyJoules'>;

const CODECS = ['h264', 'hevc', 'av1'];
const REASONS: Record<number, string[]> = { 0: [], 1: ['gpu-idle'], 4: ['sw-power-cap'] };

/** The report's device as it must look for a scenario's: conversions written down a second time, by hand. */
export function expectedDevice(device: ScenarioDevice, index: number): ExpectedDevice {
  const { memory, utilizationPercent: percent, clocks, encoder } = device;
  return {
    index,
    uuid: device.uuid,
    name: device.name,
    pciBusId: device.pciBusId,
    minor: device.minor,
    memory: {
      totalBytes: memory.totalBytes,
      usedBytes: memory.usedBytes,
      freeBytes: memory.totalBytes - memory.reservedBytes - memory.usedBytes,
      reservedBytes: memory.reservedBytes,
    },
    utilization: {
      gpu: percent.gpu / 100,
      memory: percent.memory / 100,
      encoder: encoder === null ? null : percent.encoder / 100,
      decoder: percent.decoder / 100,
    },
    temperatureCelsius: device.temperatureCelsius,
    powerWatts: device.powerMilliwatts / 1000,
    powerLimitWatts: device.powerLimitMilliwatts / 1000,
    clocks: { smHertz: clocks.smMegahertz * 1e6, memoryHertz: clocks.memoryMegahertz * 1e6 },
    throttleReasons: REASONS[device.clockEventReasons] ?? null,
    computeMode: 'default',
    persistenceMode: device.persistenceMode === 1,
    migMode: device.migMode === null ? null : device.migMode === 1,
    encoder: {
      sessionCount: encoder?.sessions.length ?? null,
      averageFps: encoder?.averageFps ?? null,
      averageLatencyUs: encoder?.averageLatencyUs ?? null,
      sessions:
        encoder?.sessions.map(({ codec, ...session }) => ({ ...session, codec: CODECS[codec] as 'h264' })) ??
        null,
    },
    processes: device.processes,
    ecc: eccOf(device),
    remappedRows: device.remappedRows,
    retiredPages: device.retiredPages,
    recoveryAction: null,
    pcie: {
      generation: device.pcie.generation,
      maxGeneration: device.pcie.maxGeneration,
      width: device.pcie.width,
      maxWidth: device.pcie.maxWidth,
      replayCount: device.pcie.replayCount,
    },
  };
}

/** While ECC is off, NVML gives no counts. */
function eccOf({ ecc }: ScenarioDevice): Device['ecc'] {
  const none = { corrected: null, uncorrected: null };
  return (
    ecc && {
      enabled: ecc.enabled,
      pendingEnabled: ecc.pending,
      volatile: ecc.enabled ? ecc.volatile : none,
      aggregate: ecc.enabled ? ecc.aggregate : none,
    }
  );
}
