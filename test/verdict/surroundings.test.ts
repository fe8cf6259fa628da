import { describe, expect, it } from 'vitest';
import type { Facts, Finding, Host } from '../../lib/probe/report.js';
import { judge } from '../../lib/verdict/judge.js';
import { device, facts, failed, GPU0, host, node, nodes } from './facts.js';

/** What of a finding depends on where this process runs: the words for it, the cause, what to do. */

const REFUSED = { deviceNodes: nodes(1, 'EPERM') };

function first(different: Partial<Host>, given: Partial<Facts> = {}, checks: Facts['checks'] = []): Finding {
  const [finding] = judge(facts({ ...given, host: host(different) }, checks)).findings;
  if (finding === undefined) throw new Error('nothing found');
  return finding;
}

const remedies = (finding: Finding) => finding.remedy.join(' ');

describe('remedies fit what runs the container', () => {
  it.each<[string, Partial<Host>, RegExp, RegExp | null]>([
    ['Docker', { containerRuntime: 'docker' }, /docker compose.*daemon\.json/, /pod|lxc/],
    ['Podman', { containerRuntime: 'podman' }, /--device nvidia\.com\/gpu=all/, /docker|daemon\.json|pod,/],
    [
      'a pod',
      { containerRuntime: 'containerd', kubernetes: true },
      /Delete the pod.*deviceListStrategy/,
      /docker|--device/,
    ],
    ['LXC', { containerRuntime: 'lxc' }, /lxc restart.*lxc\.cgroup2\.devices\.allow/, /docker|--device/],
    ['systemd-nspawn', { containerRuntime: 'systemd-nspawn' }, /machinectl.*DeviceAllow/, /docker|--device/],
    ['an unknown runtime', { containerRuntime: null }, /Recreate the container/, null],
    ['no container', { container: false, containerRuntime: null }, /DevicePolicy/, /daemon\.json/],
  ])('lost access in %s', (_, where, has, hasNot) => {
    const text = remedies(first({ ...REFUSED, ...where }));
    expect(text).toMatch(has);
    if (hasNot !== null) expect(text).not.toMatch(hasNot);
    expect(text).toMatch(/^Restart the service/);
  });

  it.each<[string, Partial<Host>, RegExp]>([
    ['Docker', { containerRuntime: 'docker' }, /--gpus all/],
    ['Podman', { containerRuntime: 'podman' }, /nvidia-ctk cdi generate/],
    ['containerd', { containerRuntime: 'containerd' }, /nerdctl/],
    ['CRI-O', { containerRuntime: 'cri-o' }, /runtime handler/],
    ['a pod', { containerRuntime: 'cri-o', kubernetes: true }, /nvidia\.com\/gpu: 1/],
    ['LXC', { containerRuntime: 'lxc' }, /lxc config device add/],
    ['systemd-nspawn', { containerRuntime: 'systemd-nspawn' }, /--bind=/],
    ['gVisor, in a pod too', { containerRuntime: 'gvisor', kubernetes: true }, /--nvproxy/],
    ['an unknown runtime', { containerRuntime: null }, /CDI/],
  ])('no nodes in %s', (_, where, has) => {
    const deviceNodes = [node('/dev/nvidiactl', 2, 'ENOENT')];
    const finding = first({ ...where, deviceNodes }, {}, [failed('nodes', 'layer0', 2, 'ENOENT')]);
    expect(finding.id).toBe('device-nodes-unusable');
    expect(finding.remedy[0]).toMatch(has);
  });

  it('none is for a container where there is none', () => {
    const deviceNodes = [node('/dev/nvidiactl', 2, 'ENOENT')];
    const bare = { container: false, containerRuntime: null, deviceNodes };
    expect(remedies(first(bare, {}, [failed('nodes', 'layer0', 2, 'ENOENT')]))).not.toMatch(/[Cc]ontainer/);
  });
});

describe('lost access', () => {
  it('is proven by a device cgroup that shows what it allows', () => {
    const deviceRules = ['c *:* m', 'b *:* m', 'c 1:3 rwm', 'c 195:* m'];
    const finding = first({ ...REFUSED, deviceRules });
    expect(finding.inferred[0]).toMatchObject({ confidence: 'proven' });
    expect(finding.observed).toContain(
      'devices.list of this cgroup: 4 entries, none of which allows `c 195:*`',
    );
  });

  it.each([[['a *:* rwm']], [['c 1:3 rwm', 'c 195:* rw']], [['c *:* rwm']]])(
    'is not, by %j',
    (deviceRules) => {
      const finding = first({ ...REFUSED, deviceRules });
      expect(finding.inferred.map(({ confidence }) => confidence)).not.toContain('proven');
      expect(finding.observed.join('\n')).not.toContain('devices.list');
    },
  );
});

describe('permission', () => {
  const permissions = { uid: 65_534, gid: 65_534, mode: 0o660 };
  const closed = nodes(13, 'EACCES').map((one) => ({ ...one, permissions }));

  it('is quoted as ls would show it, with who asks', () => {
    const user = { uid: 1000, gid: 1000, groups: [27, 44] };
    const finding = first({ deviceNodes: closed, user });
    expect(finding.observed).toContain('/dev/nvidiactl: mode 0660, owner 65534, group 65534');
    expect(finding.observed).toContain('this process: uid 1000, gid 1000, groups 27 44');
  });

  it('is a matter of the user namespace where the owner is not mapped, and only then', () => {
    const why = (userNamespace: boolean) =>
      first({ deviceNodes: closed, userNamespace, containerRuntime: 'podman' });
    expect(why(true).inferred[0]?.cause).toContain('user namespace');
    expect(why(true).remedy[0]).toContain('keep-groups');
    expect(why(false).inferred[0]?.cause).toContain('owner, group or mode');
  });
});

describe('libraries that cannot be loaded', () => {
  const missing = (id: 'nvml.load' | 'cuda.load') => failed(id, 'fresh', null, 'LIBRARY_NOT_FOUND');
  const absent = (environment: Host['environment'], ...ids: ('nvml.load' | 'cuda.load')[]) =>
    first({ environment }, {}, ids.map(missing));

  it('were not mounted for want of the driver capability, where all that is missing comes with it', () => {
    const finding = absent({ NVIDIA_DRIVER_CAPABILITIES: 'utility,video' }, 'cuda.load');
    expect(finding.inferred).toMatchObject([{ cause: expect.stringMatching(/capability compute$/) }]);
    expect(finding.observed).toContain('NVIDIA_DRIVER_CAPABILITIES is set to "utility,video"');
    expect(finding.remedy[0]).toContain('NVIDIA_DRIVER_CAPABILITIES=utility,video,compute');
    const other = absent({ NVIDIA_DRIVER_CAPABILITIES: 'compute' }, 'nvml.load');
    expect(other.inferred[0]?.cause).toMatch(/capability utility$/);
  });

  it.each([
    [{}, ['cuda.load'] as const],
    [{ NVIDIA_DRIVER_CAPABILITIES: 'all' }, ['cuda.load'] as const],
    [{ NVIDIA_DRIVER_CAPABILITIES: 'utility' }, ['nvml.load', 'cuda.load'] as const],
  ])('were not mounted at all, with %j', (environment, ids) => {
    const finding = absent(environment, ...ids);
    expect(finding.inferred).toMatchObject([
      { cause: expect.stringContaining("without the driver's libraries") },
    ]);
    expect(finding.remedy[0]).toContain('--gpus all');
  });
});

describe('variables', () => {
  it('that hide every GPU are the likely cause of no GPU', () => {
    const none = failed('cuda.init', 'fresh', 100, 'CUDA_ERROR_NO_DEVICE');
    const finding = first({ environment: { CUDA_VISIBLE_DEVICES: '' } }, {}, [none]);
    expect(finding.inferred[0]).toMatchObject({
      cause: 'CUDA_VISIBLE_DEVICES hides every GPU',
      confidence: 'likely',
      because: expect.stringContaining('CUDA_VISIBLE_DEVICES is set to ""'),
    });
    expect(JSON.stringify(first({}, {}, [none]).inferred)).not.toContain('CUDA_VISIBLE_DEVICES');
  });

  it('that ask a container for none are quoted where NVML lists none', () => {
    const empty = failed('nvml.devices', 'fresh', null, 'NO_DEVICES');
    const finding = first({ environment: { NVIDIA_VISIBLE_DEVICES: 'void' } }, { devices: [] }, [empty]);
    expect(finding.id).toBe('no-devices');
    expect(finding.observed).toContain('NVIDIA_VISIBLE_DEVICES is set to "void"');
    expect(finding.inferred[0]?.because).toContain('NVIDIA_VISIBLE_DEVICES asks its runtime for none');
  });

  it('say where the Multi-Process Service is looked for', () => {
    const refused = failed('cuda.init', 'fresh', 805, 'CUDA_ERROR_MPS_CONNECTION_FAILED');
    const environment = { CUDA_MPS_PIPE_DIRECTORY: '/tmp/mps' };
    expect(first({ environment }, {}, [refused]).observed).toContain(
      'CUDA_MPS_PIPE_DIRECTORY is set to "/tmp/mps"',
    );
    expect(first({}, {}, [refused]).observed).toContain('CUDA_MPS_PIPE_DIRECTORY is not set');
  });
});

describe('versions', () => {
  it('of a mismatch are both in its first sentence', () => {
    const finding = first(
      { kernelDriverVersion: '550.54.14' },
      { driver: { version: null, nvmlVersion: '12.535.261.03', cudaVersion: null, libraries: null } },
      [failed('nvml.init', 'fresh', 18, 'NVML_ERROR_LIB_RM_VERSION_MISMATCH')],
    );
    expect(finding.summary).toContain('550.54.14');
    expect(finding.summary).toContain('535.261.03');
  });
});

describe('fewer GPUs than required', () => {
  const short = (different: Partial<Host>) =>
    judge(facts({ host: host(different) }), { require: 2 }).findings.find(
      ({ id }) => id === 'devices-missing',
    );

  it('are left out by NVML where the kernel has them, and not there where it has not', () => {
    const kernelGpus = ['0000:01:00.0', '0000:02:00.0'];
    expect(short({ kernelGpus })?.inferred).toMatchObject([
      { cause: expect.stringContaining('NVML leaves it out') },
    ]);
    expect(short({})?.inferred).toMatchObject([{ cause: expect.stringContaining('given fewer GPUs') }]);
    expect(short({ container: false })?.inferred).toMatchObject([
      { cause: expect.stringContaining('knows of no more') },
    ]);
  });
});

describe('no memory for a context', () => {
  const answer = failed('cuda.context', 'fresh', 2, 'CUDA_ERROR_OUT_OF_MEMORY', { device: GPU0 });
  it("is the GPU's where little is free, and the host's where much is", () => {
    const free = (freeBytes: number) =>
      first({}, { devices: [device({ memory: { ...device().memory, freeBytes } })] }, [
        answer,
        { ...answer, via: 'warm' },
      ]);
    expect(free(2 ** 28).inferred[0]?.cause).toContain('memory or another resource');
    expect(free(2 ** 33).inferred[0]?.cause).toContain("and not the GPU's memory");
    expect(free(2 ** 33).remedy[0]).toContain('/proc/sys/fs/file-nr');
  });
});
