import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device, Report } from '../../lib/probe/report.js';
import { loadScenario } from '../../lib/sim/scenario.js';
import { fetchHeaders, type NvidiaHeaders } from '../driver/real-driver.js';
import { gpuprobe, packageRoot, simulate } from '../support/cli.js';
import { EVERY_MODEL } from './every-model.js';
import { inNvmlsUnits } from './nvml-reader.js';

const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-headers-'));
const fetched = process.arch === 'x64' ? await fetchHeaders(folder) : { missing: 'not this machine' };

if ('missing' in fetched) {
  const what = `NVIDIA's headers were not tried: ${fetched.missing}`;
  rmSync(folder, { recursive: true });
  if (process.env.CI === 'true') throw new Error(what);
  process.stderr.write(`SKIPPED: ${what}\n`);
}

const source = (name: string) => fileURLToPath(new URL(`${name}.c`, import.meta.url));

describe.skipIf('missing' in fetched)("a C program against NVIDIA's headers", () => {
  const { include } = fetched as NvidiaHeaders;
  const everyModel = join(folder, 'every-model.json');
  beforeAll(() => {
    chmodSync(folder, 0o755);
    writeFileSync(everyModel, JSON.stringify(EVERY_MODEL));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Builds a reader as anyone would build a program that uses the driver. */
  function build(name: string, library: string, ...flags: string[]): string {
    const program = join(folder, [name, ...flags].join(''));
    const libraries = ['-L', join(packageRoot, 'build/Release/sim'), `-l:${library}`];
    const options = ['-Wall', '-Wextra', '-Werror', '-I', include, ...flags, '-o', program];
    execFileSync('cc', [...options, source(name), ...libraries], { stdio: 'pipe' });
    return program;
  }
  const nvmlReader = (...flags: string[]) => build('nvml_reader', 'libnvidia-ml.so.1', ...flags);
  const cudaReader = (...flags: string[]) => build('cuda_reader', 'libcuda.so.1', ...flags);

  async function run(scenario: string, program: string): Promise<string[]> {
    const { stdout, stderr, status } = await gpuprobe(['sim', scenario, '--', program]);
    expect(status, stderr).toBe(0);
    return stdout.trimEnd().split('\n');
  }
  const reportOf = async (scenario: string): Promise<Report> =>
    (await simulate(scenario, '--checks', 'nvml')).report;

  describe.each(['healthy', 'busy-8gpu', everyModel])('on %s', (scenario) => {
    it('nvml.h: reads what gpuprobe reports', async () => {
      const lines = inNvmlsUnits(await reportOf(scenario));
      const energy = (line: string) => /energyMillijoules=/.test(line) && scenario !== everyModel;
      const read = await run(scenario, nvmlReader());
      expect(read.filter((line) => !energy(line))).toEqual(lines.filter((line) => !energy(line)));
      expect(read).toHaveLength(lines.length);
    });

    it('cuda.h: reads what gpuprobe reports', async () => {
      expect((await run(scenario, cudaReader())).sort()).toEqual(
        inCudasWords(await reportOf(scenario), scenario).sort(),
      );
    });
  });

  it('nvml.h: a field in the wrong place is seen', async () => {
    const lines = inNvmlsUnits(await reportOf('healthy'));
    const read = await run('healthy', nvmlReader('-DSHIFTED_LAYOUT'));
    const wrong = read.filter((line) => !lines.includes(line)).map((line) => line.replace(/=.*/, ''));
    expect(wrong.filter((path) => !path.endsWith('energyMillijoules'))).toEqual([
      '0.memory.reservedBytes',
      '0.memory.freeBytes',
      '1.memory.reservedBytes',
      '1.memory.freeBytes',
    ]);
  });

  it('cuda.h: a field in the wrong place is seen', async () => {
    const lines = inCudasWords(await reportOf('healthy'), 'healthy');
    const read = await run('healthy', cudaReader('-DSHIFTED_LAYOUT'));
    expect(read.filter((line) => !lines.includes(line))).toHaveLength(2);
  });
});

const MODES = ['default', 'exclusive-thread', 'prohibited', 'exclusive-process'];
const ALLOCATED_BYTES = 2 ** 20;

/** What cuda_reader.c prints. A context costs memory, which the report's telemetry does not see. */
function inCudasWords({ driver, devices }: Report, scenario: string): string[] {
  const machine = loadScenario(scenario);
  const line = ({ uuid, pciBusId, memory, computeMode }: Device, i: number): string => {
    const address = pciBusId?.slice(4).toLowerCase();
    const total = (memory.totalBytes ?? 0) - (memory.reservedBytes ?? 0);
    const free = (memory.freeBytes ?? 0) - (machine.devices[i]?.contextBytes ?? 0);
    return (
      `${uuid} first ${uuid} at ${address} ${address?.slice(0, -2)} mode ${MODES.indexOf(computeMode ?? '')} ` +
      `total ${total} free ${free} allocated ${ALLOCATED_BYTES}`
    );
  };
  return [`version ${driver.cudaVersion}`, `devices ${devices.length}`, ...devices.map(line)];
}
