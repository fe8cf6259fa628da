import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { childrenOf, eventually, runningIn, threadsOf, wardenOf } from '../support/processes.js';
import { type Service, startService } from '../support/service.js';

/** What ends a service with a probe in flight that never returns (services/endings.mjs), and how its end looks from outside. */
const ENDINGS: [string, string, { status: number | null; signal: NodeJS.Signals | null }][] = [
  ['process.exit()', 'exit', { status: 7, signal: null }],
  ['an uncaught error', 'throw', { status: 1, signal: null }],
  ['an unhandled rejection', 'reject', { status: 1, signal: null }],
  ['SIGTERM', 'SIGTERM', { status: null, signal: 'SIGTERM' }],
  ['SIGKILL', 'SIGKILL', { status: null, signal: 'SIGKILL' }],
];

/** Every kind of hang: what a service has to ask for to meet it. */
const HANGS = ['hang-nvml-init', 'hang-nvml-read', 'hang-cuda-context'];

/** Tests that every end of a service on this Node leaves nothing behind. `missing`: the tests are skipped. */
export function testEndings(node: string, missing = false): void {
  const inFlight = (simulate: string, isolation: string, end: string): Service =>
    startService('isolation/services/in-flight.mjs', { node, given: { simulate, isolation, end } });

  it.skipIf(missing).each(ENDINGS)(
    '%s ends a service at once, and its helpers with it',
    async (_, end, how) => {
      for (const scenario of HANGS) {
        const service = inFlight(scenario, 'process', end);
        const warden = await wardenOf(service.pid, 1);
        service.tell();
        expect(await service.ended).toMatchObject(how);
        expect(await eventually(() => runningIn(warden).length === 0)).toBe(true);
      }
    },
  );

  it.skipIf(missing).each(ENDINGS)(
    '%s ends a service in thread mode with a call in flight',
    async (_, end, how) => {
      const service = inFlight('hang-nvml-init', 'thread', end);
      const entered = () =>
        childrenOf(service.pid).length === 0 && threadsOf(service.pid, 'gpuprobe-probe').length > 0;
      expect(await eventually(entered)).toBe(true);
      service.tell();
      expect(await service.ended).toMatchObject(how);
    },
  );

  it.skipIf(missing)(
    'the natural end comes as soon as nothing is awaited, with helpers that are stuck',
    async () => {
      const options = [{ simulate: 'hang-nvml-init', deadlineMs: 300 }];
      const service = startService('isolation/services/ask.mjs', { node, given: { options } });
      const warden = await wardenOf(service.pid, 1);
      expect(await service.ended).toMatchObject({ status: 0, output: 'failed\n' });
      expect(await eventually(() => runningIn(warden).length === 0)).toBe(true);
    },
  );

  it.skipIf(missing)(
    '200 workers that are terminated with a probe in flight leave nothing behind',
    async () => {
      const service = startService('isolation/services/terminated-workers.mjs', { node });
      expect(await service.line()).toBe('settled');
      const count = () => ({
        descriptors: readdirSync(`/proc/${service.pid}/fd`).length,
        threads: threadsOf(service.pid).length,
        children: childrenOf(service.pid).map((child) => `${child.name} ${child.state === 'Z'}`),
      });
      const before = count();
      expect(before.children).toEqual(['gpuprobe-warden false']);
      service.tell();
      expect(await service.line()).toBe('ok');
      expect(await eventually(() => JSON.stringify(count()) === JSON.stringify(before))).toBe(true);
      service.tell();
      expect((await service.ended).status).toBe(0);
    },
    // For life only: a machine may be busy elsewhere.
    300_000,
  );
}
