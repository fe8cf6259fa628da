import { describe, expect, it } from 'vitest';
import type { Check, Facts } from '../../lib/probe/report.js';
import { judge } from '../../lib/verdict/judge.js';
import {
  check,
  device,
  facts,
  failed,
  GPU0,
  GPU1,
  host,
  idleDevice,
  noDriver,
  node,
  nodes,
  silentDevice,
} from './facts.js';

/** `id` for the machine, `id@device` for a GPU. */
function ids(given: Facts): string[] {
  return judge(given).findings.map(({ id, device: where }) => (where === null ? id : `${id}@${where}`));
}

const LOST = { code: 15, name: 'NVML_ERROR_GPU_IS_LOST' };
const second = device({ index: 1, uuid: GPU1, pciBusId: '00000000:02:00.0', minor: 1 });

describe('nothing to report', () => {
  it.each<[string, Facts]>([
    ['a healthy machine', facts()],
    ['an idle GPU, whose zeros are readings', facts({ devices: [idleDevice()] })],
    [
      'a closed node that no ordinary process opens',
      facts({ host: withNode('/dev/nvidia-caps/nvidia-cap1', 13) }),
    ],
    ['a missing node beside working ones', facts({ host: withNode('/dev/nvidia-modeset', 2, 'ENOENT') })],
    ['readings that this GPU does not support', facts({ devices: [device({ powerWatts: null })] })],
    [
      'WSL2, which has no NVIDIA nodes',
      facts({ host: host({ wsl: true, kernelModule: false, deviceNodes: [] }) }),
    ],
    [
      'a uvm node that CUDA has created for itself',
      facts({ host: host({ deviceNodes: [node('/dev/nvidiactl'), node('/dev/nvidia-uvm', 2, 'ENOENT')] }) }, [
        failed('nodes', 'layer0', 2, 'ENOENT'),
      ]),
    ],
    ['checks left out beside a timeout', facts({}, [notProbed('BESIDE_TIMEOUT')])],
  ])('%s', (_what, given) => {
    expect(ids(given)).toEqual([]);
  });
});

describe('each rule fires on its own facts', () => {
  it.each<[string, Facts, string[]]>([
    ['no driver', noDriver(), ['driver-absent']],
    [
      'another platform',
      facts({}, [check('nodes', 'layer0', { outcome: 'unsupported' })]),
      ['platform-unsupported'],
    ],
    [
      'NVML missing, driver loaded',
      facts({}, [
        failed('nvml.load', 'fresh', null, 'LIBRARY_NOT_FOUND', { detail: 'cannot open shared object file' }),
      ]),
      ['library-absent'],
    ],
    ['EPERM on a node', facts({ host: host({ deviceNodes: nodes(1, 'EPERM') }) }), ['device-access-revoked']],
    ['EPERM in the check only', facts({}, [failed('nodes', 'fresh', 1, 'EPERM')]), ['device-access-revoked']],
    ['EACCES', facts({ host: host({ deviceNodes: nodes(13, 'EACCES') }) }), ['device-permission']],
    [
      'no uvm node, and no CUDA',
      facts({ host: host({ deviceNodes: [node('/dev/nvidiactl'), node('/dev/nvidia-uvm', 2, 'ENOENT')] }) }, [
        failed('nodes', 'layer0', 2, 'ENOENT'),
        failed('cuda.init', 'fresh', 999, 'CUDA_ERROR_UNKNOWN'),
      ]),
      ['uvm-node-missing'],
    ],
    ['nodes missing', facts({}, [failed('nodes', 'layer0', 2, 'ENOENT')]), ['device-nodes-unusable']],
    [
      'NVML 18',
      facts({}, [
        failed('nvml.init', 'telemetry', 18, 'NVML_ERROR_LIB_RM_VERSION_MISMATCH'),
        failed('nvml.init', 'fresh', 18, 'NVML_ERROR_LIB_RM_VERSION_MISMATCH'),
      ]),
      ['driver-mismatch'],
    ],
    [
      'CUDA 803',
      facts({}, [failed('cuda.init', 'fresh', 803, 'CUDA_ERROR_SYSTEM_DRIVER_MISMATCH')]),
      ['driver-mismatch'],
    ],
    [
      'NVML 17',
      facts({}, nvmlInit(17, 'NVML_ERROR_OPERATING_SYSTEM')),
      ['nvml-init-failed', 'cuda-nvml-disagree'],
    ],
    [
      'NVML 999 with access',
      facts({}, nvmlInit(999, 'NVML_ERROR_UNKNOWN')),
      ['nvml-init-failed', 'cuda-nvml-disagree'],
    ],
    ['a number nobody knows', facts({}, nvmlInit(4242, null)), ['nvml-init-failed', 'cuda-nvml-disagree']],
    [
      'no list of GPUs',
      facts({}, [
        failed('nvml.devices', 'telemetry', 999, 'NVML_ERROR_UNKNOWN'),
        failed('nvml.devices', 'fresh', 999, 'NVML_ERROR_UNKNOWN'),
      ]),
      ['nvml-init-failed'],
    ],
    ['an empty list of GPUs', facts({ devices: [] }, emptyLists()), ['no-devices']],
    [
      'no list yet, while telemetry hangs',
      facts({ devices: [] }, [
        check('nvml.telemetry', 'telemetry', { outcome: 'timeout', durationMs: 5000 }),
      ]),
      ['driver-unresponsive'],
    ],
    [
      'lost, by UUID to one process and by index to another',
      facts({ devices: [silentDevice(LOST)] }, [
        failed('nvml.devices', 'fresh', 15, LOST.name, { device: 'index:0' }),
        failed('nvml.telemetry', 'telemetry', 15, LOST.name, { device: GPU0 }),
        failed('nvml.telemetry', 'telemetry', 15, LOST.name),
      ]),
      [`gpu-lost@${GPU0}`],
    ],
    [
      'a GPU that CUDA does not list',
      facts({ devices: [device(), second] }, [
        failed('cuda.context', 'fresh', null, 'NO_SUCH_DEVICE', { device: GPU1 }),
      ]),
      [`cuda-context-refused@${GPU1}`],
    ],
    ['more GPUs than fit', facts({}, emptyLists('TOO_MANY_DEVICES')), ['probe-incomplete']],
    [
      'lost, by a check',
      facts({}, [failed('nvml.telemetry', 'telemetry', 15, LOST.name, { device: GPU0 })]),
      [`gpu-lost@${GPU0}`],
    ],
    ['lost, by a reading', facts({ devices: [silentDevice(LOST)] }), [`gpu-lost@${GPU0}`]],
    [
      'lost, one of two',
      facts({ devices: [device(), { ...silentDevice(LOST), index: 1, uuid: null, pciBusId: null }] }),
      ['gpu-lost@index:1'],
    ],
    ['lost, at init', facts({}, nvmlInit(15, LOST.name)), ['gpu-lost']],
    [
      'a reset is needed',
      facts({}, [failed('nvml.telemetry', 'telemetry', 16, 'NVML_ERROR_RESET_REQUIRED', { device: GPU0 })]),
      [`reset-required@${GPU0}`],
    ],
    [
      'one handle fails otherwise',
      facts({}, [failed('nvml.telemetry', 'telemetry', 999, 'NVML_ERROR_UNKNOWN', { device: GPU1 })]),
      [`device-unreadable@${GPU1}`],
    ],
    [
      'all zeros',
      facts({ devices: [silentDevice({ code: null, name: 'ALL_ZERO' })] }),
      [`readings-all-zero@${GPU0}`],
    ],
    [
      'cuInit',
      facts({}, [failed('cuda.init', 'fresh', 999, 'CUDA_ERROR_UNKNOWN')]),
      ['cuda-init-failed', 'cuda-nvml-disagree'],
    ],
    [
      'a context refused in both',
      facts({}, context(800, 'CUDA_ERROR_NOT_PERMITTED')),
      [`cuda-context-refused@${GPU0}`],
    ],
    [
      'no memory for a context',
      facts({}, context(2, 'CUDA_ERROR_OUT_OF_MEMORY')),
      [`cuda-out-of-memory@${GPU0}`],
    ],
    ['little memory', facts({}, skippedContexts('LOW_MEMORY')), [`memory-low@${GPU0}`]],
    [
      'an exclusive GPU',
      facts({ devices: [device({ computeMode: 'exclusive-process' })] }),
      [`compute-mode-exclusive@${GPU0}`],
    ],
    [
      'a prohibited GPU',
      facts({ devices: [device({ computeMode: 'prohibited' })] }),
      [`compute-mode-exclusive@${GPU0}`],
    ],
    [
      'a timeout',
      facts({}, [check('nvml.init', 'fresh', { outcome: 'timeout', durationMs: 5003 })]),
      ['driver-unresponsive'],
    ],
    [
      'a crash',
      facts({}, [
        check('cuda.context', 'fresh', { outcome: 'crashed', code: 11, name: 'SIGSEGV', device: GPU0 }),
      ]),
      [`driver-crashed@${GPU0}`],
    ],
    ['stuck probes', facts({}, [notProbed('PROBE_STUCK')]), ['probe-stuck']],
    ['a fork that failed', facts({}, [notProbed('FORK_FAILED')]), ['probe-incomplete']],
    [
      'new contexts fail, warm ones do not',
      facts({}, [failed('cuda.context', 'fresh', 999, 'CUDA_ERROR_UNKNOWN', { device: GPU0 })]),
      [`cuda-context-refused@${GPU0}`, `fresh-warm-disagree@${GPU0}`],
    ],
    [
      'warm contexts fail, new ones do not',
      facts({}, [failed('cuda.context', 'warm', 800, 'CUDA_ERROR_NOT_PERMITTED', { device: GPU0 })]),
      [`cuda-context-refused@${GPU0}`, `fresh-warm-disagree@${GPU0}`],
    ],
    [
      'NVML fails in new processes only',
      facts({}, [failed('nvml.init', 'fresh', 999, 'NVML_ERROR_UNKNOWN')]),
      ['nvml-init-failed', 'cuda-nvml-disagree', 'fresh-warm-disagree'],
    ],
  ])('%s', (_what, given, expected) => {
    expect(ids(given)).toEqual(expected);
  });
});

describe('a rule does not fire on its near neighbour', () => {
  it('zero memory beside a temperature is not all zero', () => {
    const odd = { ...silentDevice({ code: null, name: 'ALL_ZERO' }), temperatureCelsius: 41 };
    expect(ids(facts({ devices: [odd] }))).toEqual([]);
  });

  it('a library is no worse than info where there is no driver either', () => {
    const given = facts({ host: host({ kernelModule: false }) }, [
      failed('nvml.load', 'fresh', null, 'LIBRARY_NOT_FOUND'),
    ]);
    expect(judge(given).findings).toMatchObject([{ id: 'library-absent', severity: 'info' }]);
  });

  it('a working driver without a visible module, as in a sandbox, is not absent', () => {
    const sandbox = host({ kernelModule: false, kernelDriverVersion: null });
    expect(ids(facts({ host: sandbox }))).toEqual([]);
  });

  it('a check that another asker answered is not incomplete', () => {
    expect(
      ids(facts({}, [check('nvml.init', 'fresh', { outcome: 'not-probed', name: 'FORK_FAILED' })])),
    ).toEqual([]);
  });

  it('disagreement needs the same GPU', () => {
    const checks = [failed('cuda.context', 'fresh', 999, 'CUDA_ERROR_UNKNOWN', { device: GPU1 })];
    expect(ids(facts({ devices: [device(), second] }, checks))).toEqual([`cuda-context-refused@${GPU1}`]);
  });
});

function withNode(path: string, code: number, name = 'EACCES') {
  return host({ deviceNodes: [...nodes(), node(path, code, name)] });
}

function nvmlInit(code: number, name: string | null): Check[] {
  return [failed('nvml.init', 'telemetry', code, name), failed('nvml.init', 'fresh', code, name)];
}

function context(code: number, name: string): Check[] {
  const rest = { device: GPU0, detail: 'cuCtxCreate_v2' };
  return [
    failed('cuda.context', 'warm', code, name, rest),
    failed('cuda.context', 'fresh', code, name, rest),
  ];
}

function emptyLists(name = 'NO_DEVICES'): Check[] {
  const vias = ['telemetry', 'fresh'] as const;
  return vias.map((via) => failed('nvml.devices', via, null, name, { detail: '0 devices' }));
}

function skippedContexts(name: string): Check[] {
  const answer = { device: GPU0, outcome: 'skipped', name } as const;
  return [check('cuda.context', 'warm', answer), check('cuda.context', 'fresh', answer)];
}

function notProbed(name: string): Check {
  return check('cuda.init', 'fresh', { outcome: 'not-probed', name });
}
