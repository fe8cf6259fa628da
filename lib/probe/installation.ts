import { accessSync, constants } from 'node:fs';
import { GpuProbeError } from '../errors.js';
import { loadAddon } from '../native/binding.js';
import { driverEnvironment } from '../native/environment.js';
import type { LibraryFacts } from '../native/frames.js';
import type { Question } from '../native/source.js';
import { describeHost } from './host.js';
import { toDriverLibrary } from './libraries.js';
import { type OpenedMachine, openMachine } from './machine.js';
import { type ProbeOptions, type ResolvedOptions, resolveOptions } from './options.js';
import type { DriverLibrary, Host } from './report.js';

/** A driver function that gpuprobe calls. */
export interface DriverFunction {
  name: string;
  /** True if the library is useless without it; otherwise only a reading is missing. */
  required: boolean;
  /** The first driver branch that exports it. */
  since: number;
  present: boolean;
}

/** A library, and which of the functions that gpuprobe calls it has. */
export interface InspectedLibrary extends DriverLibrary {
  simulated: boolean;
  functions: DriverFunction[];
}

/** The parts of gpuprobe's installation here, and what it finds of a driver. No judgement. */
export interface InstallationReport {
  /** True if the driver is simulated. */
  simulated: boolean;
  node: { version: string; platform: string; arch: string; glibc: string | null };
  /** Files of the package; null if the addon was not found. */
  files: { addon: string; warden: string; wardenIsExecutable: boolean; simulator: string } | null;
  /** Variables passed to the processes that enter the driver, without the ordinary ones. */
  environment: Record<string, string>;
  host: Host | null;
  /** Null if they were not loaded; `problem` or `notLoaded` gives the reason. */
  libraries: InspectedLibrary[] | null;
  notLoaded: string | null;
  /** What keeps gpuprobe itself from working here. */
  problem: { code: string; message: string } | null;
}

/** Variables of any program, left out because a bug report must not reveal user names and paths. */
const ORDINARY = ['DISPLAY', 'HOME', 'LANG', 'LC_ALL', 'PATH', 'TMPDIR', 'USER', 'XDG_RUNTIME_DIR'];

function describeNode(): InstallationReport['node'] {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const glibc = report.header?.glibcVersionRuntime ?? null;
  return { version: process.version, platform: process.platform, arch: process.arch, glibc };
}

function describeFiles(): InstallationReport['files'] {
  try {
    const { path, wardenPath, simulatorDirectory } = loadAddon();
    return {
      addon: path,
      warden: wardenPath,
      wardenIsExecutable: isExecutable(wardenPath),
      simulator: simulatorDirectory,
    };
  } catch {
    return null; // the code that needs it reports it
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function describeEnvironment(): Record<string, string> {
  const pairs = driverEnvironment(process.env).map((pair): [string, string] => {
    const end = pair.indexOf('=');
    return [pair.slice(0, end), pair.slice(end + 1)];
  });
  return Object.fromEntries(pairs.filter(([name]) => !ORDINARY.includes(name)));
}

function toLibrary(facts: LibraryFacts): InspectedLibrary {
  return { ...toDriverLibrary(facts), simulated: facts.simulated, functions: facts.symbols };
}

type Found = Pick<InstallationReport, 'simulated' | 'host' | 'libraries' | 'notLoaded'>;

async function ask({ source, simulated }: OpenedMachine, options: ResolvedOptions): Promise<Found> {
  const deadlines: Pick<Question, 'softMs' | 'hardMs'> = {
    softMs: options.nvmlDeadlineMs,
    hardMs: options.hardDeadlineMs,
  };
  const { nodes } = await source.ask({ kind: 'nodes', ...deadlines });
  const host = describeHost(nodes, simulated !== undefined);
  const driver = nodes !== null && (nodes.moduleLoaded || nodes.wsl || nodes.nodes.length > 0);
  if (!driver && !options.force) {
    return {
      simulated: simulated !== undefined,
      host,
      libraries: null,
      notLoaded: 'there is no NVIDIA driver here (--force loads them)',
    };
  }
  const { libraries, checks } = await source.ask({ kind: 'libraries', ...deadlines });
  const unanswered = checks.find(({ outcome }) => outcome !== 'ok');
  const notLoaded =
    unanswered === undefined
      ? null
      : `${unanswered.check}: ${unanswered.outcome} ${unanswered.detail}`.trim();
  const found = libraries.map(toLibrary);
  return {
    // Also true if the simulator was loaded in another way.
    simulated: simulated !== undefined || found.some((library) => library.simulated),
    host,
    libraries: found,
    notLoaded,
  };
}

/**
 * Inspects the installation, the kernel driver and the libraries. The libraries are loaded but not entered.
 * @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION, ERR_GPUPROBE_SCENARIO_*
 */
export async function inspectInstallation(given: ProbeOptions): Promise<InstallationReport> {
  const options = resolveOptions(given);
  const here = { node: describeNode(), files: describeFiles(), environment: describeEnvironment() };
  const nothing: Found = { simulated: false, host: null, libraries: null, notLoaded: null };
  try {
    const machine = await openMachine(options);
    if (machine === null) {
      const notLoaded = `NVIDIA has no driver for ${process.platform}-${process.arch} that gpuprobe knows`;
      return { ...here, ...nothing, notLoaded, problem: null };
    }
    return { ...here, ...(await ask(machine, options)), problem: null };
  } catch (error) {
    // An invalid scenario is the caller's mistake, not a fault of the installation.
    if (!(error instanceof GpuProbeError) || /_SCENARIO_/.test(error.code)) throw error;
    return { ...here, ...nothing, problem: { code: error.code, message: error.message } };
  }
}
