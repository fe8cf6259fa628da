import { describe, expect, it } from 'vitest';
import type { Report } from '../../lib/probe/report.js';
import { packageRoot, simulate } from '../support/cli.js';

/** Which GPU an answer is about, where UUIDs do not tell. */

const look = async (machine: string, ...args: string[]) =>
  (await simulate(`${packageRoot}/test/sim/machines/${machine}.json`, ...args)).report;

const contexts = ({ checks }: Report) =>
  checks
    .filter(({ id }) => id === 'cuda.context')
    .map(({ via, device, outcome, name }) => [via, device, outcome, name].filter(Boolean).join(' '));

const onEach = (...devices: string[]) =>
  devices.flatMap((device) => [`warm ${device} ok`, `fresh ${device} ok`]);

const uuid = (number: number) => `GPU-0000000${number}-0000-4000-8000-00000000000${number}`;
const address = (number: number) => `00000000:0${number}:00.0`;

describe.each(['driver-340', 'driver-390'])('%s, whose CUDA tells no UUIDs', (machine) => {
  it.each([[[]], [['--isolation', 'thread']]])(
    'is well, with a context on each GPU: %j',
    async (args: string[]) => {
      const report = await look(machine, ...args);
      expect(report).toMatchObject({ verdict: 'ok', findings: [] });
      expect(report.devices.map(({ pciBusId }) => pciBusId)).toEqual([address(1), address(2)]);
      const thread = [uuid(1), uuid(2)].map((device) => `thread ${device} ok`);
      expect(contexts(report)).toEqual(args.length > 0 ? thread : onEach(uuid(1), uuid(2)));
    },
  );
});

describe('a GPU of which NVML gives no handle', () => {
  it('has its context, under the PCI address by which the kernel knows it', async () => {
    const report = await look('no-handle');
    expect(report.verdict).toBe('failed');
    expect(contexts(report).sort()).toEqual(onEach(uuid(1), address(2), uuid(3)).sort());
  });

  it('has it under the name that CUDA gives it, where nothing tells which one it is', async () => {
    const report = await look('two-without-handle');
    expect(contexts(report).sort()).toEqual(onEach(uuid(1), uuid(2), uuid(3)).sort());
  });
});
