import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device, Report } from '../../lib/probe/report.js';
import { fetchNvidiaSmi, type NvidiaSmi } from '../driver/real-driver.js';
import { type CliResult, gpuprobe, simulate } from '../support/cli.js';
import { findAll, readXml, texts } from '../support/xml.js';
import { EVERY_MODEL } from './every-model.js';
import { COLUMNS, inTable, inXml, processes } from './nvidia-smi.js';

const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-nvidia-smi-'));
const fetched = process.arch === 'x64' ? fetchNvidiaSmi(folder) : { missing: 'not this machine' };

if ('missing' in fetched) {
  const what = `the real nvidia-smi was not tried: ${fetched.missing}`;
  rmSync(folder, { recursive: true });
  if (process.env.CI === 'true') throw new Error(what);
  process.stderr.write(`SKIPPED: ${what}\n`);
}

/** Every reading of the second GPU fails as if it had just fallen off the bus. */
const LOST_MEANWHILE = {
  description: 'A GPU is lost after its handle was had.',
  extends: 'healthy',
  faults: ['nvmlDeviceGetTemperature', 'nvmlDeviceGetName', 'nvmlDeviceGetPersistenceMode'].map((name) => ({
    function: name,
    device: 1,
    return: 15,
  })),
};

describe.skipIf('missing' in fetched)('the real nvidia-smi on the simulated driver', () => {
  const { program } = fetched as NvidiaSmi;
  const file = (name: string) => join(folder, `${name}.json`);
  beforeAll(() => {
    chmodSync(folder, 0o755);
    writeFileSync(file('every-model'), JSON.stringify(EVERY_MODEL));
    writeFileSync(file('lost-meanwhile'), JSON.stringify(LOST_MEANWHILE));
    writeFileSync(file('mismatch'), initialisationFails(18));
    writeFileSync(file('no-permission'), initialisationFails(4));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const smi = (scenario: string, ...args: string[]): Promise<CliResult> =>
    gpuprobe(['sim', scenario, '--', program, ...args]);

  const SCENARIOS = ['healthy', 'busy-8gpu', file('every-model')];

  describe.each(SCENARIOS)('%s', (scenario) => {
    let report: Report;
    let devices: Device[];
    beforeAll(async () => {
      ({ report } = await simulate(scenario, '--checks', 'nvml'));
      devices = report.devices;
      expect(devices.length).toBeGreaterThan(0);
    });

    it('-q -x says what gpuprobe says, field by field', async () => {
      const { stdout, status } = await smi(scenario, '-q', '-x');
      const gpus = findAll(readXml(stdout), 'gpu');
      expect(status).toBe(0);
      expect(gpus.map((gpu) => texts(gpu))).toMatchObject(devices.map(inXml));
      expect(gpus.map((gpu) => findAll(gpu, 'process_info').map((process) => texts(process)))).toMatchObject(
        devices.map(processes),
      );
      const [log] = findAll(readXml(stdout), 'nvidia_smi_log');
      expect(log && texts(log)).toMatchObject({
        driver_version: report.driver.version,
        cuda_version: report.driver.cudaVersion,
        attached_gpus: `${devices.length}`,
      });
    });

    it.each([[['-q']], [['-q', '-x']]])('%j has no field that failed', async (args) => {
      const { stdout } = await smi(scenario, ...args);
      expect(stdout).not.toMatch(/Not Found|Unknown|Uninitialized|Invalid|ERR!/);
    });

    it('-q says the same', async () => {
      const { stdout, status } = await smi(scenario, '-q');
      const [, ...sections] = stdout.split(/^GPU /m);
      expect(status).toBe(0);
      expect(sections.length).toBe(devices.length);
      for (const [index, device] of devices.entries()) {
        const values = sections[index]?.match(/(?<= : ).*\S/g);
        expect(values).toEqual(expect.arrayContaining(Object.values(inXml(device))));
      }
    });

    it('the table has each GPU and each process', async () => {
      const { stdout, status } = await smi(scenario);
      const rows = stdout.split(/^\+-[-+]*\+$/m);
      expect(status).toBe(0);
      for (const device of devices) {
        const [row = ''] = rows.filter((text) => text.includes(device.pciBusId ?? 'none'));
        for (const part of inTable(device)) expect(row).toContain(part);
        for (const { pid, type } of processes(device)) {
          expect(stdout).toMatch(
            new RegExp(`^\\| +${device.index} +N/A +N/A +${pid} +${type.replace('+', '\\+')} `, 'm'),
          );
        }
      }
    });

    it('-L', async () => {
      const { stdout, status } = await smi(scenario, '-L');
      expect(status).toBe(0);
      expect(stdout.trimEnd().split('\n')).toEqual(
        devices.map(({ index, name, uuid }) => `GPU ${index}: ${name} (UUID: ${uuid})`),
      );
    });

    it('--query-gpu in CSV', async () => {
      const query = `--query-gpu=${Object.keys(COLUMNS).join(',')}`;
      const { stdout, status } = await smi(scenario, query, '--format=csv,noheader');
      expect(status).toBe(0);
      expect(
        stdout
          .trimEnd()
          .split('\n')
          .map((line) => line.split(', ')),
      ).toEqual(devices.map((device) => Object.values(COLUMNS).map((column) => column(device))));
    });
  });

  it.each([
    ['1', 1],
    ['41:00.0', 1],
    ['00000000:01:00.0', 0],
    ['GPU-8e0f6c1a-2d3b-4c5d-8e9f-1a2b3c4d5e02', 1],
  ])('-i %s', async (id, index) => {
    const { stdout } = await smi('healthy', '-i', id, '--query-gpu=index', '--format=csv,noheader');
    expect(stdout).toBe(`${index}\n`);
  });

  it('the monitors: dmon, pmon', async () => {
    const monitor = async (...args: string[]) => (await smi('healthy', ...args)).stdout;
    expect(await monitor('dmon', '-c', '1')).toMatch(/^ +0 +41 +54 +- +37 +12 +21 +4 .*\n +1 +63 +61 /m);
    expect(await monitor('pmon', '-c', '1')).toMatch(/^ +0 +41205 +C .*streamer *\n +0 +41377 +G /m);
  });

  it.each([
    ['gpu-lost', [], 15, /GPU0000:41:00\.0: GPU is lost/],
    ['gpu-lost', ['-L'], 15, /^GPU 0: .*\n.* gpu 0000:41:00\.0: GPU is lost/],
    ['nvml-unknown-error', [], 255, /^Failed to initialize NVML: Unknown Error$/m],
    ['no-driver', [], 9, /couldn't communicate with the NVIDIA driver/],
    [file('mismatch'), [], 18, /^Failed to initialize NVML: Driver\/library version mismatch$/m],
    [file('no-permission'), [], 4, /^Failed to initialize NVML: Insufficient Permissions$/m],
  ])('%s %j ends with %i', async (scenario, args, status, words) => {
    const result = await smi(scenario, ...args);
    expect(result.stdout).toMatch(words);
    expect(result.status).toBe(status);
  });

  it('a GPU that is lost meanwhile is lost field by field, and ends with 0', async () => {
    const query = '--query-gpu=name,temperature.gpu,persistence_mode,clocks.sm';
    const { stdout, status } = await smi(file('lost-meanwhile'), query, '--format=csv,noheader');
    expect(stdout.trimEnd().split('\n')).toEqual([
      'NVIDIA RTX 2000 Ada Generation, 54, Enabled, 2115 MHz',
      '[GPU is lost], [GPU is lost], [GPU is lost], 1740 MHz',
    ]);
    expect(status).toBe(0);
  });
});

function initialisationFails(code: number): string {
  return JSON.stringify({
    description: 'NVML cannot be initialised.',
    extends: 'healthy',
    faults: [{ function: 'nvmlInit_v2', return: code }],
  });
}
