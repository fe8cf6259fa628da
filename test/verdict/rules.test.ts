import { describe, expect, it } from 'vitest';
import type { Check, CheckId, Device, Facts, RemappedRows } from '../../lib/probe/report.js';
import { judge } from '../../lib/verdict/judge.js';
import {
  check,
  device,
  ecc,
  facts,
  factsOf,
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

const NONE = { corrected: null, uncorrected: null };
const OFF = { enabled: false, pendingEnabled: false, volatile: NONE, aggregate: NONE };
const WITHOUT = { ecc: null, remappedRows: null, retiredPages: null, recoveryAction: null } as const;

const GIB = 2 ** 30;
const memory = { totalBytes: 16 * GIB, usedBytes: 0, freeBytes: 15 * GIB, reservedBytes: GIB };
const utilization = { gpu: 0, memory: 0, encoder: 0, decoder: 0 };
const pcie = { generation: 4, maxGeneration: 4, width: 16, maxWidth: 16, replayCount: 0 };

/** Each of them alone gives the device away. */
const IMPLAUSIBLE: Partial<Device>[] = [
  { memory: { ...memory, usedBytes: 17 * GIB } },
  { memory: { ...memory, freeBytes: 17 * GIB } },
  { utilization: { ...utilization, encoder: 1.01 } },
  { pcie: { ...pcie, generation: 5 } },
  { pcie: { ...pcie, width: 32 } },
  { temperatureCelsius: 151 },
];

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
        check('cuda.init', 'fresh'),
      ]),
    ],
    ['checks left out beside a timeout', facts({}, [notProbed('BESIDE_TIMEOUT')])],
    ['what gpuprobe cannot ask yet', facts({}, [notYet('nvenc.session'), notYet('egl.dmabuf')])],
    [
      'memory errors that were corrected, or are history',
      facts({
        devices: [
          device({
            ecc: ecc({
              volatile: { corrected: 9, uncorrected: 0 },
              aggregate: { corrected: 900, uncorrected: 7 },
            }),
            remappedRows: { correctable: 4, uncorrectable: 2, pending: false, failure: false },
            retiredPages: { singleBit: 3, doubleBit: 2, pending: false },
          }),
        ],
      }),
    ],
    ['a GPU with ECC switched off', facts({ devices: [device({ ecc: ecc(OFF) })] })],
    ['a GPU that has none of it', facts({ devices: [device(WITHOUT)] })],
    [
      'clocks held down as somebody wished, or as the driver shows at a change of clocks',
      facts({
        devices: [device({ throttleReasons: ['sw-power-cap', 'gpu-idle', 'hw-slowdown', 'sync-boost'] })],
      }),
    ],
    [
      'an idle link, which lowers its generation',
      facts({
        devices: [
          device({ pcie: { generation: 1, maxGeneration: 4, width: 8, maxWidth: 16, replayCount: 3 } }),
        ],
      }),
    ],
  ])('%s', (_what, given) => {
    expect(ids(given)).toEqual([]);
  });
});

describe('each rule fires on its own facts', () => {
  it.each<[string, Facts, string[]]>([
    ['no driver', noDriver(), ['driver-absent']],
    [
      'a machine that could not be looked at',
      factsOf([check('nodes', 'layer0', { outcome: 'not-probed', name: 'FORK_FAILED' })], {
        host: host({ kernelModule: false, deviceNodes: [] }),
      }),
      ['probe-incomplete'],
    ],
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
    [
      "a node that is not NVIDIA's",
      facts({ host: host({ deviceNodes: [node('/dev/nvidiactl', 19, 'ENODEV'), node('/dev/nvidia0')] }) }, [
        failed('nodes', 'layer0', 19, 'ENODEV'),
        ...nvmlInit(999, 'NVML_ERROR_UNKNOWN'),
      ]),
      ['device-node-wrong'],
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
    ...(['gpu-reset', 'drain-and-reset', 'node-reboot', 'drain-p2p', 'unknown-99'] as const).map(
      (recoveryAction): [string, Facts, string[]] => [
        `the driver asks for ${recoveryAction}`,
        facts({ devices: [device({ recoveryAction })] }),
        [`reset-required@${GPU0}`],
      ],
    ),
    [
      'a reset is needed, and asked for',
      facts({ devices: [device({ recoveryAction: 'gpu-reset' })] }, [
        failed('nvml.telemetry', 'telemetry', 16, 'NVML_ERROR_RESET_REQUIRED', { device: GPU0 }),
      ]),
      [`reset-required@${GPU0}`],
    ],
    [
      'memory errors that were not corrected',
      facts({ devices: [device({ ecc: ecc({ volatile: { corrected: 0, uncorrected: 1 } }) })] }),
      [`ecc-uncorrectable@${GPU0}`],
    ],
    ['a row that could not be replaced', withRows({ failure: true }), [`row-remap-failed@${GPU0}`]],
    ['a row to be replaced', withRows({ pending: true }), [`row-remap-pending@${GPU0}`]],
    [
      'a page to be retired',
      facts({ devices: [device({ retiredPages: { singleBit: null, doubleBit: 1, pending: true } })] }),
      [`page-retirement-pending@${GPU0}`],
    ],
    ...['hw-thermal-slowdown', 'sw-thermal-slowdown', 'hw-power-brake-slowdown'].map(
      (reason): [string, Facts, string[]] => [
        reason,
        facts({ devices: [device({ throttleReasons: ['sw-power-cap', reason] })] }),
        [`thermal-throttle@${GPU0}`],
      ],
    ),
    ...IMPLAUSIBLE.map((different): [string, Facts, string[]] => [
      `readings that cannot be: ${JSON.stringify(different)}`,
      facts({ devices: [device(different)] }),
      [`readings-implausible@${GPU0}`],
    ]),
    ['CUDA 802', facts({}, cuInit(802, 'CUDA_ERROR_SYSTEM_NOT_READY')), ['fabric-not-ready']],
    ['NVML 27', facts({}, nvmlInit(27, 'NVML_ERROR_NOT_READY')), ['fabric-not-ready']],
    ['CUDA 805 at cuInit', facts({}, cuInit(805, 'CUDA_ERROR_MPS_CONNECTION_FAILED')), ['mps-unavailable']],
    [
      'CUDA 808 for a context',
      facts({}, context(808, 'CUDA_ERROR_MPS_MAX_CLIENTS_REACHED')),
      ['mps-unavailable'],
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

  it('a recovery that only touches other GPUs, or that nobody knows, does not stop work', () => {
    for (const recoveryAction of ['drain-p2p', 'unknown-99'] as const) {
      expect(judge(facts({ devices: [device({ recoveryAction })] })).verdict).toBe('degraded');
    }
  });

  it('a reboot is not advised as a reset', () => {
    const given = facts({ devices: [device({ recoveryAction: 'node-reboot' })] }, [
      failed('nvml.telemetry', 'telemetry', 16, 'NVML_ERROR_RESET_REQUIRED', { device: GPU0 }),
    ]);
    const [finding] = judge(given).findings;
    expect(finding?.observed).toContain(`${GPU0}: recoveryAction node-reboot`);
    expect(finding?.remedy.join(' ')).not.toContain('--gpu-reset');
  });

  it('says whether it is heat or power', () => {
    const summaryOf = (throttleReasons: string[]) =>
      judge(facts({ devices: [device({ throttleReasons })] })).findings[0]?.summary;
    expect(summaryOf(['hw-thermal-slowdown'])).toBe('GPU 0 is slowed down by heat.');
    expect(summaryOf(['hw-power-brake-slowdown'])).toBe('GPU 0 is slowed down by its power supply.');
    expect(summaryOf(['hw-power-brake-slowdown', 'sw-thermal-slowdown'])).toBe(
      'GPU 0 is slowed down by heat and its power supply.',
    );
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

function cuInit(code: number, name: string): Check[] {
  return [failed('cuda.init', 'fresh', code, name)];
}

function withRows(different: Partial<RemappedRows>): Facts {
  const rows = { correctable: 0, uncorrectable: 1, pending: false, failure: false };
  return facts({ devices: [device({ remappedRows: { ...rows, ...different } })] });
}

function notYet(id: CheckId): Check {
  return check(id, 'fresh', { outcome: 'not-probed', name: 'NOT_IMPLEMENTED' });
}
