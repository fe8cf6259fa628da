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
  /** Without it the library is of no use; without another, a reading is missing. */
  required: boolean;
  /** The first driver branch that exports it. */
  since: number;
  present: boolean;
}

/** A library, and what it has of the functions that gpuprobe calls. */
export interface InspectedLibrary extends DriverLibrary {
  simulated: boolean;
  functions: DriverFunction[];
}

/** What gpuprobe itself consists of here, and what it finds of a driver. Nothing is judged. */
export interface InstallationReport {
  /** What is told of a driver is told of a simulated one. */
  simulated: boolean;
  node: { version: string; platform: string; arch: string; glibc: string | null };
  /** Files of the package; null where the addon could not be found. */
  files: { addon: string; warden: string; wardenIsExecutable: boolean; simulator: string } | null;
  /** Variables that reach the processes which enter the driver, without those that any program has. */
  environment: Record<string, string>;
  host: Host | null;
  /** Null where they were not loaded; `problem` or `notLoaded` says why. */
  libraries: InspectedLibrary[] | null;
  notLoaded: string | null;
  /** What keeps gpuprobe itself from working here. */
  problem: { code: string; message: string } | null;
}

/** Of any program: where it lives and who runs it is nobody's business in a bug report. */
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
    return null; // whoever needs it says so
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
    // However a simulator came to be loaded.
    simulated: simulated !== undefined || found.some((library) => library.simulated),
    host,
    libraries: found,
    notLoaded,
  };
}

/**
 * Looks at the installation, the kernel's driver and the libraries, which are loaded and not entered.
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
    // Which machine to look at is the caller's to say rightly, and no fault of the installation.
    if (!(error instanceof GpuProbeError) || /_SCENARIO_/.test(error.code)) throw error;
    return { ...here, ...nothing, problem: { code: error.code, message: error.message } };
  }
}
