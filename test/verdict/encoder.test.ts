import { describe, expect, it } from 'vitest';
import type { Device, Facts } from '../../lib/probe/report.js';
import { judge } from '../../lib/verdict/judge.js';
import { device, facts, GPU1, host } from './facts.js';

const encoding = (sessionCount: number | null, different: Partial<Device> = {}): Device =>
  device({
    name: 'NVIDIA GeForce RTX 3080',
    encoder: { sessionCount, averageFps: 60, averageLatencyUs: 900, sessions: null },
    ...different,
  });
const second = { index: 1, uuid: GPU1, pciBusId: '00000000:02:00.0', minor: 1 };

const machine = (version: string | null, ...devices: Device[]): Facts =>
  facts({
    devices,
    driver: { version, nvmlVersion: null, cudaVersion: null, libraries: null },
    host: host({ kernelDriverVersion: version }),
  });
const ids = (given: Facts) => judge(given).findings.map(({ id, device: where }) => `${id} ${where}`);

describe('the limit of encoder sessions', () => {
  it.each([
    ['470.256.02', 3],
    ['530.41.03', 5],
    ['535.161.08', 5],
    ['535.183.01', 8],
    ['545.29.06', 5],
    ['550.54.14', 8],
    ['580.65.06', 8],
    ['591.44', 12],
  ])('of driver %s is reached at %i, and only there', (version, limit) => {
    expect(ids(machine(version, encoding(limit)))).toEqual([`encoder-limit ${device().uuid}`]);
    expect(ids(machine(version, encoding(limit - 1)))).toEqual([]);
    // A driver that lets more than that in has no such limit.
    expect(ids(machine(version, encoding(limit + 1)))).toEqual([]);
  });

  it('is one for all GeForce GPUs of a machine', () => {
    expect(ids(machine('550.54.14', encoding(5), encoding(3, second)))).toEqual(['encoder-limit null']);
    expect(ids(machine('550.54.14', encoding(5), encoding(3, { ...second, name: 'NVIDIA L4' })))).toEqual([]);
  });

  it('is none where nothing is known, or nothing encodes', () => {
    for (const given of [
      machine(null, encoding(8)),
      machine('440.100', encoding(3)),
      machine('550.54.14', encoding(null)),
      machine('550.54.14', encoding(8, { name: 'NVIDIA RTX 2000 Ada Generation' })),
      machine('550.54.14', encoding(8, { name: null })),
      machine('550.54.14'),
    ]) {
      expect(ids(given)).toEqual([]);
    }
  });
});
