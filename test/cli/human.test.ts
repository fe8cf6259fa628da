import { describe, expect, it } from 'vitest';
import type { Check } from '../../lib/probe/report.js';
import { painter } from '../../lib/surfaces/cli/human/paint.js';
import { widthOf, wrap } from '../../lib/surfaces/cli/human/text.js';
import {
  accessRevoked,
  check,
  device,
  ecc,
  facts,
  failed,
  GPU0,
  GPU1,
  noDriver,
  silentDevice,
} from '../verdict/facts.js';
import { finding, gpuprobe } from './context.js';

const ESCAPE = '\u001b';
const terminal = (columns?: number) => ({ isTTY: true, columns, write: () => true });

describe('a report for people', () => {
  it('puts the verdict first, then reasons, then GPUs, then what was asked', async () => {
    expect((await gpuprobe('', finding(accessRevoked()))).stdout).toMatchInlineSnapshot(`
      "FAILED: new GPU work cannot start, and the GPU cannot be watched.
      gpu-7 (in a Docker container), 2025-11-05T12:35:00.000Z

      CRITICAL  The kernel refuses to open /dev/nvidiactl, /dev/nvidia-uvm and
                /dev/nvidia0 (EPERM): new GPU work fails, old may go on.
        Observed
          - /dev/nvidiactl: EPERM (1) on access(R_OK|W_OK)
          - /dev/nvidia-uvm: EPERM (1) on access(R_OK|W_OK)
          - /dev/nvidia0: EPERM (1) on access(R_OK|W_OK)
          - nodes (fresh): 1 EPERM
          - nodes (layer0): ok
          - nvml.init (telemetry): ok
          - cuda.context (warm, GPU-1a2b3c4d-0000-4000-8000-000000000000): 800
            CUDA_ERROR_NOT_PERMITTED (cuCtxCreate_v2)
          - nvml.init (fresh): 999 NVML_ERROR_UNKNOWN (nvmlInitWithFlags)
          - cuda.init (fresh): 100 CUDA_ERROR_NO_DEVICE (cuInit)
          - memory of GPU 0: 6.5 of 16.0 GiB used, 9.3 GiB free
        Likely cause
          - the access was taken away while the container ran: systemd re-applied its
            own device list (\`systemctl daemon-reload\`, often by a package upgrade on
            the host)
            because access() answers EPERM for a device cgroup, and EACCES for file
            permissions; an earlier open worked; the devices were then dropped behind
            the container runtime's back
        What to do
          1. Restart the service; in a container, recreate the container: that is the
             sure way. Running processes regain access only if the device cgroup
             allows these nodes again, which systemd does not do by itself.
          2. Recreate the container (\`docker compose up -d --force-recreate\`, or
             \`docker rm -f\` and \`docker run\`).
          3. Start it with CDI, \`--device nvidia.com/gpu=all\`, or with explicit
             --device flags for /dev/nvidiactl, /dev/nvidia-uvm and each /dev/nvidiaN,
             so that the runtime knows its devices.
          4. On the host: runc 1.1.7 or newer with systemd 240 or newer; older ones
             drop device rules on a reload.
          5. Where that cannot be: the cgroupfs driver,
             \`"exec-opts": ["native.cgroupdriver=cgroupfs"]\` in daemon.json.
          6. To prove the cause: note the time, and look for \`systemctl daemon-reload\`
             or a package upgrade on the host.
        More: gpuprobe explain device-access-revoked

      GPU  name                       uuid/PCI      memory GiB  util  temp  power  enc
        0  NVIDIA RTX 2000 Ada Gene~  GPU-1a2b3c4d  6.5 / 16.0  41 %  48 C   31 W    2

      12 checks: 6 ok, 4 failed, 2 skipped; 0.4 s; kernel driver 535.261.03, NVML
      12.535.261.03, CUDA 12.2
      "
    `);
  });

  it('says whether work can start, or only cannot be watched, where it is one of the two', async () => {
    const headline = async (...checks: Check[]) =>
      (await gpuprobe('', finding(facts({}, checks)))).stdout.split('\n')[0];
    const blind = failed('nvml.init', 'fresh', 999, 'NVML_ERROR_UNKNOWN');
    const barred = failed('cuda.context', 'fresh', 802, 'CUDA_ERROR_SYSTEM_NOT_READY', { device: GPU0 });
    expect(await headline(blind)).toBe('FAILED: the GPU cannot be watched (new GPU work can still start).');
    expect(await headline(barred)).toBe('FAILED: new GPU work cannot start (readings still work).');
    expect(await headline(blind, barred)).toBe(
      'FAILED: new GPU work cannot start, and the GPU cannot be watched.',
    );
  });

  it('is short where all is well', async () => {
    expect((await gpuprobe('')).stdout).toMatchInlineSnapshot(`
      "OK: new GPU work can start and be watched.
      gpu-7 (in a Docker container), 2025-11-05T12:35:00.000Z

      GPU  name                       uuid/PCI      memory GiB  util  temp  power  enc
        0  NVIDIA RTX 2000 Ada Gene~  GPU-1a2b3c4d  6.5 / 16.0  41 %  48 C   31 W    2

      13 checks: 13 ok; 0.4 s; kernel driver 535.261.03, NVML 12.535.261.03, CUDA 12.2
      "
    `);
  });

  it('says plainly that there is no driver, and what to do', async () => {
    expect((await gpuprobe('', finding(noDriver()))).stdout).toMatchInlineSnapshot(`
      "UNKNOWN: gpuprobe cannot tell; this says nothing about the health of a GPU.
      gpu-7, 2025-11-05T12:35:00.000Z

      INFO  No NVIDIA driver here: the kernel has no NVIDIA module loaded.
        Observed
          - kernel module nvidia: not loaded
          - /dev/nvidiactl: ENOENT (2) on stat()
          - nodes (layer0): 2 ENOENT
        What to do
          1. If this machine has no NVIDIA GPU: nothing to do.
          2. On the host: \`lspci -d 10de:\` lists NVIDIA hardware; \`modprobe nvidia\`,
             and the kernel log if that fails.
          3. After a kernel update: rebuild or reinstall the driver for the running
             kernel (\`dkms status\`).
          4. In a virtual machine: check that the GPU is attached to it.
        More: gpuprobe explain driver-absent

      5 checks: 1 failed, 4 skipped; 0.4 s; no driver version
      "
    `);
  });

  it('says n/a and why, never 0', async () => {
    const devices = [
      device({
        powerWatts: null,
        unavailable: { powerWatts: { code: 3, name: 'NVML_ERROR_NOT_SUPPORTED' } },
      }),
      silentDevice({ code: 15, name: 'NVML_ERROR_GPU_IS_LOST' }, { index: 1, uuid: GPU1 }),
    ];
    const { stdout } = await gpuprobe('', finding(facts({ devices })));
    expect(stdout.slice(stdout.indexOf('GPU  name'))).toMatchInlineSnapshot(`
      "GPU  name                       uuid/PCI      memory GiB  util  temp  power  enc
        0  NVIDIA RTX 2000 Ada Gene~  GPU-1a2b3c4d  6.5 / 16.0  41 %  48 C    n/a    2
           n/a: power: 3 NVML_ERROR_NOT_SUPPORTED
        1  NVIDIA RTX 2000 Ada Gene~  GPU-5e6f7a8b         n/a   n/a   n/a    n/a  n/a
           n/a: memory GiB, util, temp, power, enc: 15 NVML_ERROR_GPU_IS_LOST

      13 checks: 13 ok; 0.4 s; kernel driver 535.261.03, NVML 12.535.261.03, CUDA 12.2
      "
    `);
  });

  it('shows what is wrong with a GPU under it, and nothing of one that is well', async () => {
    const rows = { correctable: 0, uncorrectable: 1, pending: true, failure: true };
    const devices = [
      device({
        ecc: ecc({
          volatile: { corrected: 0, uncorrected: 4 },
          aggregate: { corrected: 0, uncorrected: 6 },
        }),
        remappedRows: rows,
        retiredPages: { singleBit: 1, doubleBit: 0, pending: true },
        recoveryAction: 'node-reboot',
        pcie: { generation: 1, maxGeneration: 4, width: 8, maxWidth: 16, replayCount: 0 },
      }),
      device({ index: 1, uuid: GPU1 }),
    ];
    const { stdout } = await gpuprobe('', finding(facts({ devices })));
    expect(stdout.slice(stdout.indexOf('GPU  name'))).toMatchInlineSnapshot(`
      "GPU  name                       uuid/PCI      memory GiB  util  temp  power  enc
        0  NVIDIA RTX 2000 Ada Gene~  GPU-1a2b3c4d  6.5 / 16.0  41 %  48 C   31 W    2
           health: uncorrected memory errors: 4 since the driver was loaded, 6 in the
                   life of the board; a row of memory could not be replaced; a row of
                   memory waits to be replaced; a page of memory waits to be retired;
                   the driver asks for: node-reboot; PCIe x8 of x16
        1  NVIDIA RTX 2000 Ada Gene~  GPU-5e6f7a8b  6.5 / 16.0  41 %  48 C   31 W    2

      13 checks: 13 ok; 0.4 s; kernel driver 535.261.03, NVML 12.535.261.03, CUDA 12.2
      "
    `);
  });

  it('names in one line what cannot be asked yet, and does not count it', async () => {
    const notYet = (['nvenc.session', 'egl.display', 'egl.image'] as const).map((id) =>
      check(id, 'fresh', { outcome: 'not-probed', name: 'NOT_IMPLEMENTED' }),
    );
    const lines = async (...given: Check[]) =>
      (await gpuprobe('', finding(facts({}, given)))).stdout.trimEnd().split('\n').slice(-2);
    expect(await lines(...notYet)).toEqual([
      '13 checks: 13 ok; 0.4 s; kernel driver 535.261.03, NVML 12.535.261.03, CUDA 12.2',
      'not probed yet: nvenc.session, egl.*',
    ]);
    expect((await lines(...notYet.slice(0, 2)))[1]).toBe('not probed yet: nvenc.session, egl.display');
  });

  it('says in the first line that it was simulated', async () => {
    for (const given of [facts({ simulated: true }), { ...accessRevoked(), simulated: true }]) {
      expect((await gpuprobe('', finding(given))).stdout).toMatch(/^\[SIMULATED\] (OK|FAILED): /);
    }
  });

  it('keeps to the width of the terminal', async () => {
    for (const columns of [60, 80, 100, 400]) {
      const given = { ...finding(accessRevoked()), stdout: { ...terminal(columns), isTTY: false } };
      const longest = Math.max(...(await gpuprobe('', given)).stdout.split('\n').map((line) => line.length));
      expect(longest).toBeLessThanOrEqual(widthOf(columns));
    }
  });

  it('does not let a driver move the cursor', async () => {
    const odd = device({ name: `evil${ESCAPE}[2J\nGPU` });
    const { stdout } = await gpuprobe('', finding(facts({ devices: [odd] })));
    expect(stdout).toContain('evil?[2J GPU');
    expect(stdout).not.toContain(ESCAPE);
  });
});

describe('colour', () => {
  it('is for terminals', async () => {
    expect((await gpuprobe('', finding(accessRevoked()))).stdout).not.toContain(ESCAPE);
    expect((await gpuprobe('', { ...finding(accessRevoked()), stdout: terminal() })).stdout).toContain(
      ESCAPE,
    );
    expect((await gpuprobe('--json', { stdout: terminal() })).stdout).not.toContain(ESCAPE);
  });

  it('gives way to NO_COLOR, a dumb terminal and --no-color', () => {
    const red = (env: Record<string, string>, wanted = true) => painter(terminal(), env, wanted)('red', 'x');
    expect(red({})).toContain(ESCAPE);
    expect(red({ NO_COLOR: '' })).toContain(ESCAPE);
    expect(red({ NO_COLOR: '1' })).toBe('x');
    expect(red({ TERM: 'dumb' })).toBe('x');
    expect(red({}, false)).toBe('x');
  });

  it('changes no word', async () => {
    const plain = await gpuprobe('', finding(accessRevoked()));
    const painted = await gpuprobe('', { ...finding(accessRevoked()), stdout: terminal() });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is removed
    expect(painted.stdout.replace(/\u001b\[\d+m/g, '')).toBe(plain.stdout);
  });
});

describe('width', () => {
  it('is that of the terminal within reason, and 80 off one or where it does not say', () => {
    expect([undefined, 0, 20, 90, 300].map(widthOf)).toEqual([80, 80, 60, 90, 100]);
  });
});

describe('wrap', () => {
  it('breaks between words and hangs under the first', () => {
    expect(wrap('one two three four', 12, '  - ')).toEqual(['  - one two', '    three', '    four']);
  });

  it('leaves a word alone that fits nowhere, and empty text as one line', () => {
    expect(wrap('/a/very/long/path ok', 8)).toEqual(['/a/very/long/path', 'ok']);
    expect(wrap('', 8, '- ')).toEqual(['- ']);
  });
});
