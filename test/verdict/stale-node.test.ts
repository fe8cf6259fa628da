import { describe, expect, it } from 'vitest';
import type { DeviceNode, Host } from '../../lib/probe/report.js';
import { judge } from '../../lib/verdict/judge.js';
import { check, facts, failed, host, node } from './facts.js';

/** NVIDIA/nvidia-container-toolkit#1934: a node with the major number of an earlier kernel. */

const UVM = '/dev/nvidia-uvm';
const wrong = (different: Partial<DeviceNode> = {}): DeviceNode => ({
  ...node(UVM, 19, 'ENODEV'),
  device: { major: 510, minor: 0 },
  expected: { major: 509, minor: 0 },
  ...different,
});

function without(name: 'device' | 'expected'): DeviceNode {
  const bad = wrong();
  delete bad[name];
  return bad;
}

/** NVML is well, and cuInit answers 999. */
const look = (bad: DeviceNode, different: Partial<Host> = {}) =>
  judge(
    facts(
      { host: host({ deviceNodes: [node('/dev/nvidiactl'), bad, node('/dev/nvidia0')], ...different }) },
      [
        failed('nodes', 'layer0', 19, 'ENODEV'),
        check('nvml.init', 'telemetry'),
        check('nvml.init', 'fresh'),
        failed('cuda.init', 'warm', 999, 'CUDA_ERROR_UNKNOWN'),
        failed('cuda.init', 'fresh', 999, 'CUDA_ERROR_UNKNOWN'),
      ],
    ),
  );

describe('a device node of an earlier major number', () => {
  it('is the one finding, with both numbers and a proven cause', () => {
    const { findings, verdict } = look(wrong());
    expect(verdict).toBe('failed');
    expect(findings.map(({ severity, id }) => `${severity} ${id}`)).toEqual(['critical device-node-wrong']);
    expect(findings[0]?.observed[0]).toBe(
      `${UVM}: is character device 510:0, and the kernel's nvidia-uvm is 509:0 (/proc/devices)`,
    );
    expect(findings[0]?.inferred).toMatchObject([
      {
        cause:
          'the node was made for another major number, by a CDI file or container configuration that is out of date',
        confidence: 'proven',
      },
    ]);
  });

  it.each<[string, Partial<Host>, RegExp[]]>([
    ['Docker', {}, [/nvidia-ctk cdi generate --output=\/etc\/cdi\/nvidia\.yaml/, /^Recreate the container/]],
    [
      'LXC',
      { containerRuntime: 'lxc' },
      [/lxc\.cgroup2\.devices\.allow.*each kernel/, /^Restart the container/],
    ],
    ['a host', { container: false, containerRuntime: null }, [/remove the node; `nvidia-modprobe -c 0 -u`/]],
  ])('is mended where it came from: %s', (_, surroundings, steps) => {
    const remedy = look(wrong(), surroundings).findings[0]?.remedy ?? [];
    expect(remedy).toHaveLength(steps.length);
    for (const [i, step] of steps.entries()) expect(remedy[i]).toMatch(step);
    expect(remedy.join()).not.toMatch(/reboot|rmmod|modprobe nvidia_uvm/);
  });

  it.each([
    ['whose numbers nobody knows', without('expected')],
    ['that is no character device', without('device')],
    ['that is another device of the same driver', wrong({ device: { major: 509, minor: 1 } })],
    ["that is another driver's", wrong({ device: { major: 1, minor: 3 } })],
  ])('is not what one is %s', (_, bad) => {
    const { inferred } = look(bad).findings[0] ?? { inferred: [] };
    expect(inferred).toMatchObject([{ confidence: 'possible', cause: expect.stringContaining('by hand') }]);
  });
});
