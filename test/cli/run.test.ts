import { describe, expect, it } from 'vitest';
import { GpuProbeError } from '../../lib/errors.js';
import type { Facts } from '../../lib/probe/report.js';
import type { CliContext } from '../../lib/surfaces/cli/context.js';
import { severityOf } from '../../lib/verdict/impact.js';
import { RULES } from '../../lib/verdict/rules/index.js';
import { accessRevoked, device, facts, noDriver } from '../verdict/facts.js';
import { finding, gpuprobe, reportOf } from './context.js';

const degraded = () => facts({ devices: [device({ computeMode: 'prohibited' })] });

/** A probe that fails. */
function failing(error: unknown): Pick<CliContext, 'probe'> {
  return {
    probe: async () => {
      throw error;
    },
  };
}

describe('exit codes', () => {
  it.each<[string, Facts, number]>([
    ['', facts(), 0],
    ['--require 1', facts(), 0],
    ['--require 2', facts(), 1],
    ['', degraded(), 0],
    ['--fail-on degraded', degraded(), 1],
    ['--fail-on degraded', facts(), 0],
    ['', accessRevoked(), 1],
    ['', noDriver(), 3],
    ['--force', noDriver(), 3],
    ['--fail-on degraded', noDriver(), 3],
    ['--require 1', noDriver(), 1],
  ])('"%s" (%#)', async (line, given, expected) => {
    for (const format of ['--json', '--format human']) {
      const { exitCode, stderr } = await gpuprobe(`${line} ${format}`, finding(given));
      expect(exitCode).toBe(expected);
      expect(stderr).toBe('');
    }
  });

  it.each([
    ['ERR_GPUPROBE_INVALID_OPTION', 64],
    ['ERR_GPUPROBE_SCENARIO_INVALID', 64],
    ['ERR_GPUPROBE_SCENARIO_UNKNOWN', 64],
    ['ERR_GPUPROBE_ADDON_NOT_FOUND', 3],
    ['ERR_GPUPROBE_WARDEN_START', 3],
    ['ERR_GPUPROBE_THREAD_SOURCE', 3],
  ] as const)('%s is %i', async (code, expected) => {
    const { exitCode, stdout } = await gpuprobe('--sim x', failing(new GpuProbeError(code, 'said')));
    expect(exitCode).toBe(expected);
    expect(stdout).toBe('');
  });

  it('leaves a fault of its own to whoever runs it', async () => {
    await expect(gpuprobe('', failing(new TypeError('oops')))).rejects.toThrow('oops');
  });
});

describe('messages', () => {
  it('say what was looked for, what the system said, and what to do', async () => {
    const cause = new Error('dlopen: wrong\nELF class');
    const error = new GpuProbeError('ERR_GPUPROBE_ADDON_NOT_FOUND', 'no addon in prebuilds/linux-x64', {
      cause,
    });
    expect((await gpuprobe('', failing(error))).stderr).toMatchInlineSnapshot(`
      "gpuprobe: no addon in prebuilds/linux-x64
        dlopen: wrong ELF class
        The native addon could not be loaded: no prebuild for this platform, or the clone is not built.
        ERR_GPUPROBE_ADDON_NOT_FOUND
      "
    `);
  });

  it('of a wrong scenario stand as they are, on one line', async () => {
    const error = new GpuProbeError('ERR_GPUPROBE_SCENARIO_INVALID', 'mine.json:3:7: driver: is missing');
    expect((await gpuprobe('--sim mine.json', failing(error))).stderr).toBe(
      'gpuprobe: mine.json:3:7: driver: is missing (see gpuprobe --help)\n',
    );
  });
});

describe('commands', () => {
  it('--json is the report and nothing else', async () => {
    const { stdout } = await gpuprobe('--json', finding(accessRevoked()));
    expect(JSON.parse(stdout)).toEqual(reportOf(accessRevoked()));
    expect(stdout).toBe(`${JSON.stringify(reportOf(accessRevoked()), null, 2)}\n`);
  });

  it('--version is the version', async () => {
    expect(await gpuprobe('--version')).toEqual({ exitCode: 0, stdout: '1.2.3\n', stderr: '' });
  });

  it('sim --list lists, in columns', async () => {
    expect((await gpuprobe('sim --list')).stdout).toBe(
      'healthy         One GPU, well.\naccess-revoked  The device cgroup takes the GPU away.\n',
    );
  });

  it('explain lists every id, and explains each', async () => {
    const { stdout } = await gpuprobe('explain');
    for (const rule of RULES) {
      expect(stdout).toMatch(
        new RegExp(`^${rule.id} +${severityOf(rule.impact)} +${rule.title.slice(0, 10)}`, 'm'),
      );
      const explained = await gpuprobe(`explain ${rule.id}`);
      expect(explained.exitCode).toBe(0);
      expect(explained.stdout).toContain('What else looks like it');
      for (const line of explained.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    }
  });

  it('explain guesses at a misspelt id', async () => {
    const { exitCode, stderr } = await gpuprobe('explain gpu-lots');
    expect(exitCode).toBe(64);
    expect(stderr).toContain('no finding "gpu-lots"; did you mean gpu-lost? ids: ');
    expect((await gpuprobe('explain zebra')).stderr).not.toContain('did you mean');
  });

  it('explain knows Xids by their numbers', async () => {
    for (const word of ['xid-79', 'XID79']) {
      const { exitCode, stdout } = await gpuprobe(`explain ${word}`);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/^Xid 79: ROBUST_CHANNEL_GPU_HAS_FALLEN_OFF_THE_BUS \(critical\)/);
      expect(stdout).toMatch(/What helps\n {2}Reboot the machine/);
      expect(stdout).toContain('xid-critical');
    }
    expect((await gpuprobe('explain xid-31')).stdout).toContain('It is not held against the GPU.');
    expect((await gpuprobe('explain xid-9999')).stdout).toContain('does not know');
    expect((await gpuprobe('explain xid-')).exitCode).toBe(64);
  });

  it('explain reads well', async () => {
    const { stdout } = await gpuprobe('explain memory-low');
    expect(stdout).toMatchInlineSnapshot(`
      "memory-low: Little GPU memory left (warning)

      What it means
        Less is free than gpuprobe leaves untouched, so no context was tried: the next
        session may not fit.

      How it is detected
        cuda.context was skipped as LOW_MEMORY: free memory is under the reserve
        (contextReserveBytes).

      What else looks like it
        A program that reserves all memory by design (a framework's allocator): full,
        and well.

      Where it comes from
        ggml-org/llama.cpp#23604 (what a context costs)
      "
    `);
  });
});
