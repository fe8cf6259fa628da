import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** A machine of real files; README.md has what each field means. */
export interface RealMachine {
  gpus?: number;
  nodes?: number;
  control?: boolean;
  gpu0?: [major: number, minor: number];
  uvm?: number | null;
  kernelUvm?: number | null;
  version?: string | null;
  wsl?: boolean;
  host?: boolean;
  uid?: number;
  /** Of the nodes, octal. */
  mode?: string;
  answers?: Record<string, string | number>;
  libraries?: Record<string, 'nvml' | 'cuda' | ''>;
  /** Whether the fake driver is found at all. Default true. */
  driverLibraries?: boolean;
  environment?: Record<string, string>;
}

/** Why no machine of real files can be built here; null where it can. */
export function reasonForNoMachines(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'it takes root on Linux';
  return spawnSync('unshare', ['--mount', 'true']).status === 0
    ? null
    : 'no mount namespace can be made here';
}

/** Compiles the fake driver's two libraries. */
export function buildFakeDriver(folder: string): string {
  const libraries = join(folder, 'driver');
  mkdirSync(libraries);
  for (const [define, soname] of [
    ['NVML', 'libnvidia-ml.so.1'],
    ['CUDA', 'libcuda.so.1'],
  ]) {
    const output = join(libraries, `${soname}`);
    const source = join(import.meta.dirname, 'fake_driver.c');
    const flags = ['-shared', '-fPIC', '-Wall', '-Werror', `-D${define}`, `-Wl,-soname,${soname}`];
    const built = spawnSync('cc', [...flags, '-o', output, source], { encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`cc: ${built.error?.message ?? built.stderr}`);
  }
  return libraries;
}

const SONAMES = { nvml: 'libnvidia-ml.so.1', cuda: 'libcuda.so.1' } as const;

/** Files of a case's own in front of the driver's: a copy of it under another name, or an empty file. */
function layOut(folder: string, driver: string, libraries: NonNullable<RealMachine['libraries']>): string[] {
  for (const [path, which] of Object.entries(libraries)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    if (which === '') {
      writeFileSync(file, '');
      continue;
    }
    copyFileSync(join(driver, SONAMES[which]), file);
    if (basename(file) !== SONAMES[which]) symlinkSync(basename(file), join(dirname(file), SONAMES[which]));
  }
  return [...new Set(Object.keys(libraries).map((path) => join(folder, dirname(path))))];
}

const word = (value: string | number | boolean | null) =>
  value === null || value === false ? '' : String(value === true ? 1 : value);

/** Runs a command on such a machine. */
export function runOn(
  machine: RealMachine,
  driver: string,
  command: readonly string[],
): { stdout: string; stderr: string } {
  const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-case-'));
  try {
    const answers = Object.entries(machine.answers ?? {}).map(([key, value]) => `${key} ${value}\n`);
    writeFileSync(join(folder, 'answers'), answers.join(''));
    const own = layOut(folder, driver, machine.libraries ?? {});
    chmodSync(folder, 0o755);
    const { gpus = 1, uvm = 510, version = '580.95.05', control = true, uid = 0 } = machine;
    const { KUBERNETES_SERVICE_HOST: _, container: __, ...inherited } = process.env;
    const result = spawnSync(
      'unshare',
      ['--mount', '--propagation', 'private', 'sh', join(import.meta.dirname, 'machine.sh'), ...command],
      {
        encoding: 'utf8',
        env: {
          ...inherited,
          ...(machine.host ? {} : { container: 'docker' }),
          ...machine.environment,
          NO_COLOR: '1',
          LD_LIBRARY_PATH: [...own, ...((machine.driverLibraries ?? true) ? [driver] : [])].join(':'),
          NVIDIA_CASE_ANSWERS: join(folder, 'answers'),
          CASE_GPUS: word(gpus),
          CASE_NODES: word(machine.nodes ?? gpus),
          CASE_GPU0: machine.gpu0?.join(' ') ?? '',
          CASE_CONTROL: word(control),
          CASE_UVM: word(uvm),
          CASE_KERNEL_UVM: word(machine.kernelUvm === undefined ? uvm : machine.kernelUvm),
          CASE_VERSION: word(version),
          CASE_WSL: word(machine.wsl ?? false),
          CASE_HOST: word(machine.host ?? false),
          CASE_UID: word(uid),
          CASE_MODE: machine.mode ?? '666',
        },
      },
    );
    return { stdout: result.stdout, stderr: result.stderr || String(result.error ?? '') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The files of the cases. */
export const caseFiles = (): string[] =>
  readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.json'))
    .sort();
