import type { Check, Impact, Inference } from '../../probe/report.js';
import { answersOf } from '../answer.js';
import { containerName, giveGpu } from '../container.js';
import { capabilities, quoteVariable } from '../environment.js';
import { joinAnd, quote, quoteNode } from '../evidence.js';
import { impactOn, NOT_SEEN } from '../impact.js';
import type { Hit, Rule } from '../rule.js';
import type { View } from '../view.js';

/** Nothing to probe: no supported platform, no driver, no libraries. */

const DRIVER_NOT_LOADED = 9;
const NO_DEVICE = 100;
const ENOENT = 2;

export const platformUnsupported: Rule = {
  id: 'platform-unsupported',
  impact: NOT_SEEN,
  action: 'none',
  scope: 'machine',
  title: 'No probe for this platform',
  meaning:
    'gpuprobe knows how to look at an NVIDIA GPU on Linux. Here it looked at nothing, so it says nothing.',
  detection: 'The check `nodes` answers `unsupported`.',
  lookalikes: ['Linux without an NVIDIA driver is another finding: driver-absent.'],
  source: 'https://docs.nvidia.com/deploy/nvml-api/nvml-api-reference.html (supported platforms)',
  find(view) {
    const checks = view.checks({ id: 'nodes', outcome: 'unsupported' });
    if (checks.length === 0) return [];
    return [
      {
        device: null,
        summary: 'gpuprobe has no way to look at a GPU on this platform.',
        observed: checks.map(quote),
        inferred: [],
        remedy: ['Run gpuprobe on the Linux machine, or in the Linux container, that has the GPU.'],
      },
    ];
  },
};

/** Outcomes of layer 0 after which the kernel has said nothing; that does not mean "no driver". */
const NOT_LOOKED = ['unsupported', 'not-probed', 'timeout', 'crashed'] as const;

export const driverAbsent: Rule = {
  id: 'driver-absent',
  impact: NOT_SEEN,
  action: 'none',
  scope: 'machine',
  title: 'No NVIDIA driver',
  meaning:
    'The kernel has no NVIDIA driver, so there is nothing to probe. That is right for a machine without an ' +
    'NVIDIA GPU, and a fault on one that should have it: `--require 1` says which this is.',
  detection:
    'No kernel module (/sys/module/nvidia, /proc/driver/nvidia), and either no device node or NVML ' +
    'answering ' +
    "9 NVML_ERROR_DRIVER_NOT_LOADED; and not WSL2, whose driver is Windows' own. NVML run as root creates " +
    '/dev/nvidiactl, so a node alone is no proof of a driver.',
  lookalikes: [
    'A container that was given no GPU, on a host with one: the module is then visible ' +
      '(device-nodes-unusable).',
    'A sandbox such as gVisor, which has nodes and a working driver but no /sys/module/nvidia.',
  ],
  source: 'https://docs.nvidia.com/deploy/nvml-api/ (nvmlReturn_t, NVML_ERROR_DRIVER_NOT_LOADED)',
  absorbs: [
    { id: 'nvml-init-failed', answers: [DRIVER_NOT_LOADED] },
    { id: 'cuda-init-failed', answers: [NO_DEVICE] },
    { id: 'library-absent' },
  ],
  find(view) {
    const { host } = view.facts;
    if (host.kernelModule || host.wsl || view.saw({ id: 'nodes', outcome: NOT_LOOKED })) return [];
    const present = view.nodes().filter((node) => node.code !== ENOENT);
    const denials = view.checks({ id: 'nvml.init', outcome: 'failed', code: DRIVER_NOT_LOADED });
    if (present.length > 0 && denials.length === 0) return [];
    if (view.saw({ id: ['nvml.init', 'cuda.init'], outcome: 'ok' })) return [];
    const missing = view.nodes(ENOENT).map(quoteNode);
    return [
      {
        device: null,
        summary: 'No NVIDIA driver here: the kernel has no NVIDIA module loaded.',
        observed: [
          'kernel module nvidia: not loaded',
          ...missing,
          ...present.map(quoteNode),
          ...failedNodes(view),
        ],
        inferred: [],
        remedy: [
          'If this machine has no NVIDIA GPU: nothing to do.',
          'On the host: `lspci -d 10de:` lists NVIDIA hardware; `modprobe nvidia`, and the kernel ' +
            'log if that fails.',
          'After a kernel update: rebuild or reinstall the driver for the running kernel (`dkms status`).',
          'In a virtual machine: check that the GPU is attached to it.',
        ],
      },
    ];
  },
};

export const libraryAbsent: Rule = {
  id: 'library-absent',
  impact: impactOn({ starts: 'blocked', watching: 'broken' }),
  action: 'fix-config',
  scope: 'container',
  title: 'Driver libraries missing',
  meaning:
    'libnvidia-ml.so.1 or libcuda.so.1 cannot be loaded. With the kernel driver there, that is what ' +
    'stops GPU ' +
    'work; without one it is what any machine without a GPU looks like.',
  detection: 'nvml.load or cuda.load failed. Critical where the kernel has the driver (or WSL2), else info.',
  lookalikes: [
    'A library of another architecture or libc, which the dynamic linker refuses as well: its words ' +
      'are quoted.',
    "A library of that name which is not the driver's own, or too old: SYMBOL_NOT_FOUND, with the function.",
  ],
  source: 'NVIDIA/nvidia-container-toolkit: NVIDIA_DRIVER_CAPABILITIES (utility: NVML; compute: CUDA)',
  find(view) {
    const failed = view
      .checks({ id: ['nvml.load', 'cuda.load'], outcome: 'failed' })
      .filter((check) => check.name !== 'SIMULATOR_FAILED');
    if (failed.length === 0) return [];
    const { kernelModule, wsl, container } = view.facts.host;
    const incomplete = failed.some((check) => check.name === 'SYMBOL_NOT_FOUND');
    if (wsl) return [missingInWsl(view, failed)];
    return [
      {
        device: null,
        impact: kernelModule ? missing(failed) : NOT_SEEN,
        scope: container ? 'container' : 'machine',
        summary: `${joinAnd(libraries(failed))} cannot be loaded here.`,
        observed: [
          ...failed.map(quote),
          ...(container ? [quoteVariable(view.facts.host, 'NVIDIA_DRIVER_CAPABILITIES')] : []),
        ],
        inferred: incomplete ? [INCOMPLETE] : container ? [notMounted(view, failed)] : [],
        remedy: [
          ...(container && !incomplete ? mountLibraries(view, failed) : []),
          "Host: install the driver's user-space libraries, of the same version as the kernel module.",
          'Libraries in an unusual directory: name it in LD_LIBRARY_PATH, or in `libraryPath`.',
        ],
        answers: answersOf(failed),
      },
    ];
  },
};

/** NVML serves monitoring, CUDA serves work. */
const missing = (failed: readonly Check[]): Impact =>
  impactOn({
    ...(failed.some(({ id }) => id === 'cuda.load') ? { starts: 'blocked' } : {}),
    ...(failed.some(({ id }) => id === 'nvml.load') ? { watching: 'broken' } : {}),
  });

/** Windows puts the driver libraries into one directory of each distribution; a container may lack it. */
function missingInWsl(view: View, failed: readonly Check[]): Hit {
  const { container } = view.facts.host;
  return {
    device: null,
    impact: missing(failed),
    summary: `${joinAnd(libraries(failed))} cannot be loaded here (WSL2).`,
    observed: [
      ...failed.map(quote),
      ...view.nodes().map(quoteNode),
      quoteVariable(view.facts.host, 'LD_LIBRARY_PATH'),
    ],
    inferred: [
      {
        cause: container
          ? 'the container was started without the libraries that WSL2 has in /usr/lib/wsl/lib'
          : 'the dynamic linker does not find /usr/lib/wsl/lib, where WSL2 has the libraries of the Windows driver',
        confidence: 'likely',
        because: '/dev/dxg is here, so this is WSL2 with GPU support, and its libraries are nowhere else',
      },
    ],
    remedy: [
      ...(container ? [giveGpu(view.facts.host)] : []),
      '`ls /usr/lib/wsl/lib`: where it has the libraries, add it to LD_LIBRARY_PATH, or write it to a file in /etc/ld.so.conf.d and run `ldconfig`.',
      'It is empty or missing: install or update the NVIDIA driver of Windows, then `wsl --update` and `wsl --shutdown`.',
      'Never install Linux NVIDIA packages inside WSL2: they replace these libraries, and the GPU no longer works.',
    ],
    answers: answersOf(failed),
  };
}

/** The driver capability with which the container runtime mounts each library. */
const CAPABILITY = { 'nvml.load': 'utility', 'cuda.load': 'compute' } as const;

/** Returns the capabilities that the container lacks, if they explain every missing library; else none. */
function lacking(view: View, failed: readonly Check[]): string[] {
  const given = capabilities(view.facts.host);
  const needed = Object.entries(CAPABILITY).flatMap(([id, capability]) =>
    failed.some((check) => check.id === id) ? [capability] : [],
  );
  const explained = given !== null && needed.every((one) => !given.includes(one) && !given.includes('all'));
  return explained ? needed : [];
}

function notMounted(view: View, failed: readonly Check[]): Inference {
  const { host } = view.facts;
  const missing = lacking(view, failed);
  if (missing.length > 0) {
    return {
      cause: `the container was not given the driver capability ${joinAnd(missing)}`,
      confidence: 'likely',
      because:
        `that is what its runtime mounts ${joinAnd(libraries(failed))} for, and ` +
        quoteVariable(host, 'NVIDIA_DRIVER_CAPABILITIES'),
    };
  }
  return {
    cause: `${containerName(host)} was started without the driver's libraries`,
    confidence: host.kernelModule ? 'likely' : 'possible',
    because: "the runtime mounts the host's driver libraries into a container; images do not carry them",
  };
}

function mountLibraries(view: View, failed: readonly Check[]): string[] {
  const missing = lacking(view, failed);
  const wanted = [...new Set([...(capabilities(view.facts.host) ?? ['compute', 'utility']), ...missing])];
  return [
    ...(missing.length > 0 ? [] : [giveGpu(view.facts.host)]),
    `Set NVIDIA_DRIVER_CAPABILITIES=${wanted.join(',')} for it (add video, graphics for encoding and rendering), and ` +
      'create it anew.',
  ];
}

const INCOMPLETE: Inference = {
  cause: 'a library of that name was found which is a stub, a wrapper, or of a very old driver',
  confidence: 'likely',
  because: "every supported driver's own library has the function that is missing in it",
};

const LIBRARIES = { 'nvml.load': 'libnvidia-ml.so.1', 'cuda.load': 'libcuda.so.1' } as const;

function libraries(failed: readonly Check[]): string[] {
  return Object.entries(LIBRARIES).flatMap(([id, soname]) =>
    failed.some((check) => check.id === id) ? [soname] : [],
  );
}

function failedNodes(view: View): string[] {
  return view.checks({ id: 'nodes', outcome: 'failed' }).map(quote);
}
