import { describe, expect, it } from 'vitest';
import { historyEntryOf } from '../../lib/verdict/history.js';
import { judge } from '../../lib/verdict/judge.js';
import {
  accessRevoked,
  check,
  device,
  ecc,
  facts,
  failed,
  GPU0,
  GPU1,
  host,
  noDriver,
  node,
  nodes,
  silentDevice,
} from './facts.js';

const LOST = { code: 15, name: 'NVML_ERROR_GPU_IS_LOST' };

describe('absorption', () => {
  it('makes one finding of a revoked device, with every line that it explains', () => {
    const { findings, verdict } = judge(accessRevoked());
    expect(verdict).toBe('failed');
    expect(findings.map(({ id }) => id)).toEqual(['device-access-revoked']);
    expect(findings[0]?.observed).toMatchInlineSnapshot(`
      [
        "/dev/nvidiactl: EPERM (1) on access(R_OK|W_OK)",
        "/dev/nvidia-uvm: EPERM (1) on access(R_OK|W_OK)",
        "/dev/nvidia0: EPERM (1) on access(R_OK|W_OK)",
        "nodes (fresh): 1 EPERM",
        "nodes (layer0): ok",
        "nvml.init (telemetry): ok",
        "cuda.context (warm, GPU-1a2b3c4d-0000-4000-8000-000000000000): 800 CUDA_ERROR_NOT_PERMITTED (cuCtxCreate_v2)",
        "nvml.init (fresh): 999 NVML_ERROR_UNKNOWN (nvmlInitWithFlags)",
        "cuda.init (fresh): 100 CUDA_ERROR_NO_DEVICE (cuInit)",
        "memory of GPU 0: 6.5 of 16.0 GiB used, 9.3 GiB free",
      ]
    `);
  });

  it('says that access was taken away only where something had it', () => {
    const causes = (given = accessRevoked()) =>
      judge(given).findings[0]?.inferred.map(
        ({ cause, confidence }) => `${confidence}: ${cause.split(' (')[0]}`,
      );
    expect(causes()).toContain(
      'likely: the access was taken away while the container ran: systemd re-applied its own device list',
    );
    const fromTheStart = facts({ host: host({ deviceNodes: nodes(1, 'EPERM') }) }, [
      failed('nodes', 'layer0', 1, 'EPERM'),
      failed('nodes', 'fresh', 1, 'EPERM'),
      failed('nvml.init', 'telemetry', 999, 'NVML_ERROR_UNKNOWN'),
      failed('nvml.init', 'fresh', 999, 'NVML_ERROR_UNKNOWN'),
    ]);
    expect(causes(fromTheStart)).toContain(
      'possible: the container was started without access to these devices',
    );
  });

  it('takes an earlier report as evidence that access was there', () => {
    const refused = facts({ host: host({ deviceNodes: nodes(1, 'EPERM') }) }, [
      failed('nodes', 'layer0', 1, 'EPERM'),
      failed('nodes', 'fresh', 1, 'EPERM'),
    ]);
    const observed = judge(refused, { history: [historyEntryOf(facts())] }).findings[0]?.observed;
    expect(observed).toContain('the same nodes could be opened at 2025-11-05T12:35:00.000Z');
  });

  it('leaves alone what the cause does not explain', () => {
    const given = accessRevoked();
    given.checks.push(failed('cuda.context', 'fresh', 2, 'CUDA_ERROR_OUT_OF_MEMORY', { device: GPU1 }));
    given.checks.push(failed('nvml.init', 'thread', 17, 'NVML_ERROR_OPERATING_SYSTEM'));
    expect(judge(given).findings.map(({ id }) => id)).toEqual([
      'device-access-revoked',
      'nvml-init-failed',
      'cuda-out-of-memory',
    ]);
  });

  it('stays unknown without a driver when forced, with and without libraries, nodes or not', () => {
    const forced = noDriver();
    forced.checks = [
      failed('nodes', 'layer0', 2, 'ENOENT'),
      failed('nvml.init', 'fresh', 9, 'NVML_ERROR_DRIVER_NOT_LOADED'),
      failed('cuda.init', 'fresh', 100, 'CUDA_ERROR_NO_DEVICE'),
    ];
    for (const deviceNodes of [forced.host.deviceNodes, [node('/dev/nvidiactl')]]) {
      const { findings, verdict } = judge({ ...forced, host: { ...forced.host, deviceNodes } });
      expect(findings.map(({ id }) => id)).toEqual(['driver-absent']);
      expect(findings[0]?.observed).toContain('nvml.init (fresh): 9 NVML_ERROR_DRIVER_NOT_LOADED');
      expect(verdict).toBe('unknown');
    }
    forced.checks = [
      failed('nvml.load', 'fresh', null, 'LIBRARY_NOT_FOUND'),
      failed('cuda.load', 'fresh', null, 'LIBRARY_NOT_FOUND'),
    ];
    expect(judge(forced)).toMatchObject({ verdict: 'unknown', findings: [{ id: 'driver-absent' }] });
  });

  it('keeps to the GPU that has the cause', () => {
    const two = [device(), silentDevice(LOST, { index: 1, uuid: GPU1 })];
    const contexts = [GPU0, GPU1].map((id) =>
      failed('cuda.context', 'fresh', 999, 'CUDA_ERROR_UNKNOWN', { device: id }),
    );
    const { findings } = judge(
      facts({ devices: two }, [
        ...contexts,
        check('cuda.context', 'warm', { device: GPU0, outcome: 'skipped' }),
      ]),
    );
    expect(findings.map(({ id, device: where }) => [id, where])).toEqual([
      ['gpu-lost', GPU1],
      ['cuda-context-refused', GPU0],
    ]);
  });

  it('lets a cause on every GPU explain what the machine shows', () => {
    const cuInit = failed('cuda.init', 'fresh', 999, 'CUDA_ERROR_UNKNOWN');
    const all = judge(facts({ devices: [silentDevice(LOST)] }, [cuInit]));
    expect(all.findings.map(({ id }) => id)).toEqual(['gpu-lost']);
    const some = judge(facts({ devices: [device({ uuid: GPU1, index: 1 }), silentDevice(LOST)] }, [cuInit]));
    expect(some.findings.map(({ id }) => id)).toContain('cuda-init-failed');
  });

  it('takes what a reset settles into what asks for one, on the same GPU', () => {
    const rows = { correctable: 0, uncorrectable: 1, pending: true, failure: false };
    const errors = ecc({ volatile: { corrected: 0, uncorrected: 2 } });
    const other = device({ index: 1, uuid: GPU1, remappedRows: rows });
    for (const different of [{ ecc: errors }, { recoveryAction: 'gpu-reset' }] as const) {
      const { findings } = judge(facts({ devices: [device({ remappedRows: rows, ...different }), other] }));
      expect(findings.map(({ id, device: where }) => [id, where])).toEqual([
        ['ecc' in different ? 'ecc-uncorrectable' : 'reset-required', GPU0],
        ['row-remap-pending', GPU1],
      ]);
      expect(findings[0]?.observed).toContain(`${GPU0}: remappedRows.pending true`);
    }
  });

  it('folds missing libraries into a container without a GPU', () => {
    const given = facts({ devices: [] }, [
      failed('nodes', 'layer0', 2, 'ENOENT'),
      ...(['telemetry', 'fresh'] as const).flatMap((via) => [
        failed('nvml.load', via, null, 'LIBRARY_NOT_FOUND'),
        check('nvml.init', via, { outcome: 'skipped' }),
        check('nvml.devices', via, { outcome: 'skipped' }),
      ]),
    ]);
    expect(judge(given).findings.map(({ id }) => id)).toEqual(['device-nodes-unusable']);
  });
});
