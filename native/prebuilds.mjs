// npm run prebuilds [-- ARCH...]: addon, warden and simulator for each architecture into prebuilds/, through
// binding.gyp. It builds in a copy, since node-gyp empties the build/ of the checkout. prebuildify collects
// only addons; the warden, which must keep its x bit, and the simulator, which must not lie beside the
// addon, are placed here.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const COPIED = ['native', 'binding.gyp', 'package.json'];
const SIMULATOR = ['libnvidia-ml.so.1', 'libcuda.so.1'];
const CROSS_PREFIX = { arm64: 'aarch64-linux-gnu-', x64: 'x86_64-linux-gnu-' };

function fail(message) {
  process.stderr.write(`prebuilds: ${message}\n`);
  process.exit(1);
}

/** Compiler variables for another architecture; the host's own needs none. */
function toolchain(arch) {
  if (arch === process.arch) return { environment: {}, strip: 'strip' };
  const prefix = CROSS_PREFIX[arch];
  try {
    execFileSync(`${prefix}g++`, ['--version'], { stdio: 'ignore' });
  } catch {
    fail(`no ${prefix}g++ for ${arch}; on Debian: apt-get install g++-${prefix.slice(0, -1)}`);
  }
  const environment = { CC: `${prefix}gcc`, CXX: `${prefix}g++`, AR: `${prefix}ar` };
  return { environment, strip: `${prefix}strip` };
}

/** Node's own headers where they lie beside the running Node: node-gyp would download them. */
function localHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? { npm_config_nodedir: prefix } : {};
}

function build(arch) {
  const { environment, strip } = toolchain(arch);
  const copy = mkdtempSync(join(tmpdir(), 'gpuprobe-prebuild-'));
  try {
    for (const item of COPIED) cpSync(join(root, item), join(copy, item), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    const bin = (name) => join(root, 'node_modules', '.bin', name);
    const options = ['--napi', '--strip', '--strip-bin', strip, '--tag-libc', '--arch', arch];
    execFileSync(bin('prebuildify'), [...options, '--node-gyp', bin('node-gyp')], {
      cwd: copy,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...localHeaders(), ...process.env, ...environment },
    });
    const from = join(copy, 'build', 'Release');
    const to = join(root, 'prebuilds', `linux-${arch}`);
    rmSync(to, { recursive: true, force: true });
    cpSync(join(copy, 'prebuilds', `linux-${arch}`), to, { recursive: true });
    mkdirSync(join(to, 'sim'));
    const files = ['gpuprobe-warden', ...SIMULATOR.map((name) => join('sim', name))];
    for (const file of files) {
      cpSync(join(from, file), join(to, file));
      execFileSync(strip, ['--strip-unneeded', join(to, file)]);
    }
    chmodSync(join(to, 'gpuprobe-warden'), 0o755);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const architectures = process.argv.slice(2);
const unknown = architectures.find((arch) => !Object.hasOwn(CROSS_PREFIX, arch));
if (unknown !== undefined) {
  process.stderr.write(`prebuilds: unknown architecture ${unknown}; allowed: ${Object.keys(CROSS_PREFIX).join(', ')}\n`);
  process.exit(64);
}
for (const arch of architectures.length > 0 ? architectures : ['x64', 'arm64']) build(arch);
