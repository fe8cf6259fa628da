import type { Check, DriverLibrary, Inference } from '../../probe/report.js';
import { answersOf } from '../answer.js';
import { recreate } from '../container.js';
import { quoteSetVariables } from '../environment.js';
import { joinAnd, quote, quoteLibrary, status } from '../evidence.js';
import { impactOn } from '../impact.js';
import type { Hit, Rule } from '../rule.js';
import type { View } from '../view.js';

/** A library that does not match the kernel module: which one, and where it comes from. */

const NVML_MISMATCH = 18;
const CUDA_MISMATCH = 803;

export const driverMismatch: Rule = {
  id: 'driver-mismatch',
  impact: impactOn({ starts: 'blocked', watching: 'broken' }),
  action: 'reboot',
  scope: 'machine',
  title: 'A driver library that does not fit the kernel module',
  meaning:
    'A user-space library of the driver and the loaded kernel module refuse to work together. What needs that library ' +
    'cannot use the GPU.',
  detection:
    'NVML answers 18 NVML_ERROR_LIB_RM_VERSION_MISMATCH, or CUDA 803 CUDA_ERROR_SYSTEM_DRIVER_MISMATCH. Which library ' +
    "it is follows from which of them works, and from the version in the file's name.",
  lookalikes: ['A CUDA compatibility library that the GPU does not support answers 804, not 803.'],
  source:
    'https://docs.nvidia.com/deploy/nvml-api/ (nvmlReturn_t); CUDA driver API (CUresult 803); NVIDIA/nvidia-docker#1256',
  absorbs: [
    { id: 'nvml-init-failed' },
    { id: 'device-unreadable' },
    { id: 'no-devices' },
    { id: 'cuda-init-failed', answers: [100, 803, 999] },
    { id: 'cuda-context-refused', answers: [100, 803, 999] },
    { id: 'cuda-nvml-disagree' },
    { id: 'fresh-warm-disagree' },
  ],
  find(view) {
    const nvml = view.checks({
      id: ['nvml.init', 'nvml.devices', 'nvml.telemetry'],
      outcome: 'failed',
      code: NVML_MISMATCH,
    });
    const cuda = view.checks({ id: ['cuda.init', 'cuda.context'], outcome: 'failed', code: CUDA_MISMATCH });
    const checks = [...nvml, ...cuda];
    if (checks.length === 0) return [];
    const libraries = librariesOf(view, { nvml, cuda });
    return [
      {
        device: null,
        ...explain(view, checks, libraries),
        observed: [
          ...checks.map(quote),
          ...quoteVersions(view),
          ...libraries.map(quoteLibrary),
          ...quoteSetVariables(view.facts.host, 'LD_LIBRARY_PATH'),
        ],
        answers: answersOf(checks),
      },
    ];
  },
};

/** Returns the refused libraries whose files are known. */
function librariesOf({ facts }: View, refused: { nvml: Check[]; cuda: Check[] }): DriverLibrary[] {
  const wanted = [
    ...(refused.nvml.length > 0 ? ['libnvidia-ml'] : []),
    ...(refused.cuda.length > 0 ? ['libcuda'] : []),
  ];
  return (facts.driver.libraries ?? []).filter(
    ({ soname, path }) => path !== null && wanted.some((name) => soname.startsWith(name)),
  );
}

/** nvmlSystemGetNVMLVersion prefixes CUDA's major version: `13.580.95.05` belongs to driver 580.95.05. */
function nvmlDriverVersion({ facts }: View): string | null {
  return facts.driver.nvmlVersion?.replace(/^\d{1,2}\.(?=\d{3}\.)/, '') ?? null;
}

/** Returns the known versions of the refused libraries that differ from the kernel module's. */
function otherVersions(view: View, checks: readonly Check[], libraries: readonly DriverLibrary[]): string[] {
  const kernel = view.facts.host.kernelDriverVersion;
  const nvml = checks.some(({ id }) => id.startsWith('nvml.')) ? nvmlDriverVersion(view) : null;
  const known = [...libraries.map(({ version }) => version), nvml];
  return [...new Set(known.filter((version) => version !== null))].filter((version) => version !== kernel);
}

type Explanation = Pick<Hit, 'summary' | 'inferred' | 'remedy' | 'impact' | 'action' | 'scope'>;

function explain(view: View, checks: readonly Check[], libraries: readonly DriverLibrary[]): Explanation {
  const refused = (prefix: string) => checks.every(({ id }) => id.startsWith(prefix));
  if (refused('cuda.') && view.saw({ id: 'nvml.init', outcome: 'ok' })) {
    return wrongLibrary(view, libraries, CUDA_ALONE);
  }
  if (refused('nvml.init') && view.saw({ id: 'cuda.init', outcome: 'ok' })) {
    return wrongLibrary(view, libraries, NVML_ALONE);
  }
  const others = otherVersions(view, checks, libraries);
  const kernel = view.facts.host.kernelDriverVersion;
  if (others.length > 0 && kernel !== null) return oldModule(view, kernel, others);
  return unexplained(view, checks);
}

/** One library is refused while the other works with the same kernel module. */
const CUDA_ALONE = {
  soname: 'libcuda.so.1',
  refused: 'CUDA',
  works: 'NVML',
  impact: impactOn({ starts: 'blocked' }),
};
const NVML_ALONE = {
  soname: 'libnvidia-ml.so.1',
  refused: 'NVML',
  works: 'CUDA',
  impact: impactOn({ watching: 'broken' }),
};

/** The other library works with the same kernel module, so a reboot would not replace the loaded file. */
function wrongLibrary(
  view: View,
  libraries: readonly DriverLibrary[],
  which: typeof CUDA_ALONE,
): Explanation {
  const { soname, refused, works } = which;
  const kernel = view.facts.host.kernelDriverVersion;
  const own = `the driver's own ${soname}${kernel === null ? '' : ` (${kernel})`}`;
  const [loaded] = libraries;
  const file = loaded?.path ?? `the ${soname} that was loaded`;
  const known = loaded?.version ?? (which === NVML_ALONE ? nvmlDriverVersion(view) : null);
  const version = known === null ? '' : ` (version ${known})`;
  const isCompat = /compat/.test(file);
  return {
    impact: which.impact,
    action: 'fix-config',
    scope: 'process',
    summary: `${refused}'s library does not fit the kernel module${kernel === null ? '' : ` ${kernel}`}: ${file}${version}.`,
    inferred: [
      {
        cause: isCompat
          ? `a CUDA compatibility package's library was loaded, which does not support this driver: ${file}`
          : `a ${soname} that is not of the running driver was loaded first: ${file}`,
        confidence: 'likely',
        because: `${works} works with this kernel module, so only ${refused}'s library can be the one that does not fit`,
      },
    ],
    remedy: [
      loaded?.path == null
        ? `\`gpuprobe doctor\` shows which ${soname} is loaded, and from where.`
        : `Take ${directoryOf(loaded.path)} out of LD_LIBRARY_PATH and /etc/ld.so.conf.d, or remove the file, so that ${own} is found first.`,
      ...(view.facts.host.container
        ? [
            `The image brings its own ${soname} (cuda-compat is in /usr/local/cuda/compat): remove it from the image; the container runtime mounts the host driver's.`,
          ]
        : []),
      `Then run \`gpuprobe\` again. ${works} works, so the kernel module can stay as it is.`,
    ],
  };
}

const directoryOf = (path: string) => path.slice(0, Math.max(1, path.lastIndexOf('/')));

function oldModule(view: View, kernel: string, others: readonly string[]): Explanation {
  const { host } = view.facts;
  const because = 'the driver compares the two itself and refused, and both versions are known';
  const upgraded: Inference = host.container
    ? {
        cause:
          "the container has libraries of another driver than the host's: kept from before an upgrade, or its image's own",
        confidence: 'likely',
        because: "a container gets the host's libraries when it is created, unless its image brings others",
      }
    : {
        cause: 'the driver packages were upgraded while the old kernel module stayed loaded',
        confidence: 'likely',
        because: 'an upgrade replaces the libraries at once, and the module only when it is reloaded',
      };
  return {
    ...(host.container ? { action: 'restart-container', scope: 'container' } : {}),
    summary: `The kernel module is ${kernel}, and the driver's library ${joinAnd(others)}: they do not fit.`,
    inferred: [
      {
        cause: `the kernel module is ${kernel}, and the library ${joinAnd(others)}`,
        confidence: 'proven',
        because,
      },
      upgraded,
    ],
    remedy: [
      ...(host.container
        ? [
            `${recreate(host)}: the new one gets the libraries of the host's driver.`,
            'If it comes back: the image brings libraries of its own. `gpuprobe doctor` shows the files; remove them from the image.',
            "If `nvidia-smi` fails on the host too, the host's module is the old one: stop all GPU work, then reload the module or reboot the host.",
          ]
        : [
            'Reboot; or stop all GPU work, unload nvidia_uvm, nvidia_drm, nvidia_modeset and nvidia, and load them.',
          ]),
      'Keep it from coming back: hold the driver packages back from unattended upgrades.',
    ],
  };
}

/** The code says mismatch, but nothing that is visible here confirms it. */
function unexplained(view: View, checks: readonly Check[]): Explanation {
  const kernel = view.facts.host.kernelDriverVersion;
  const same = kernel !== null && nvmlDriverVersion(view) === kernel;
  const codes = joinAnd([...new Set(checks.map(status))]);
  return {
    action: 'restart-app',
    summary: same
      ? `The driver reports a version mismatch (${codes}), but module and NVML library are both ${kernel}.`
      : `The driver reports a version mismatch (${codes}); which library it is cannot be seen here.`,
    inferred: [
      {
        cause: same
          ? 'something else than the NVML library does not fit: another process or the GPU firmware is of an earlier driver'
          : 'a library is of another version than the kernel module',
        confidence: 'possible',
        because: same
          ? 'the two versions that can be read are the same version'
          : 'that is what the code stands for; a version could not be read',
      },
    ],
    remedy: [
      '`gpuprobe doctor` shows each library with its file; compare with /sys/module/nvidia/version.',
      'Restart what uses the GPU: a process that started before an upgrade keeps the old library.',
      ...(view.facts.host.container ? [`${recreate(view.facts.host)}.`] : []),
      'If it stays after that: stop all GPU work and reload the driver.',
    ],
  };
}

/** Returns the versions that the two sides report. */
function quoteVersions({ facts }: View): string[] {
  const { kernelDriverVersion } = facts.host;
  const { nvmlVersion } = facts.driver;
  return [
    ...(kernelDriverVersion === null ? [] : [`kernel module: ${kernelDriverVersion}`]),
    ...(nvmlVersion === null ? [] : [`NVML library: ${nvmlVersion}`]),
  ];
}
