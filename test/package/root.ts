import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A root directory of its own, in which programs run that see nothing else of this machine. */
export interface Root {
  path: string;
  /** Runs a program in it, without a network; its own /proc, pids and an empty /dev but for the usual few. */
  run(words: readonly string[], env?: Record<string, string>): Ran;
  remove(): void;
}

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Why no root can be made here. */
export function reasonAgainstRoots(): string | null {
  if (process.getuid?.() !== 0) return 'it takes root';
  return spawnSync('unshare', ['--mount', '--pid', '--net', '--fork', 'true']).status === 0
    ? null
    : 'this process cannot have its own namespaces';
}

const ENTER = `
  mount -t proc proc "$1/proc" && mount -t tmpfs tmpfs "$1/dev" && cd / &&
  for node in null zero random urandom; do touch "$1/dev/$node" && mount --bind "/dev/$node" "$1/dev/$node"; done &&
  root="$1" && shift && exec chroot "$root" "$@"`;

/** An empty root with the folders that every program expects. */
export function makeRoot(): Root {
  const path = mkdtempSync(join(tmpdir(), 'gpuprobe-test-root-'));
  for (const name of ['proc', 'dev', 'tmp', 'etc', 'root', 'app']) mkdirSync(join(path, name));
  return {
    path,
    run(words, env = {}) {
      const namespaces = ['--mount', '--pid', '--net', '--fork', '--kill-child'];
      const { status, stdout, stderr } = spawnSync(
        'unshare',
        [...namespaces, 'sh', '-c', ENTER, 'sh', path, ...words],
        {
          encoding: 'utf8',
          env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', HOME: '/root', ...env },
        },
      );
      return { status, stdout, stderr };
    },
    remove: () => rmSync(path, { recursive: true }),
  };
}

/** Unpacks packages of this machine's Debian into a root. Nothing is configured: files are all that is there. */
export function unpackDebian(root: Root, packages: readonly string[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-debs-'));
  try {
    const options = ['-o', 'APT::Sandbox::User=root'];
    execFileSync('apt-get', [...options, 'download', ...packages], { cwd: folder, stdio: 'pipe' });
    // Debian merged /bin, /lib and their like into /usr; the packages of bookworm still name the old places.
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
      mkdirSync(join(root.path, 'usr', name), { recursive: true });
      execFileSync('ln', ['-s', `usr/${name}`, join(root.path, name)]);
    }
    for (const deb of readdirSync(folder)) {
      execFileSync('sh', [
        '-c',
        'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"',
        'sh',
        join(folder, deb),
        root.path,
      ]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** This machine's Node and npm. */
export function copyNode(root: Root): void {
  const npm = join(execFileSync('npm', ['root', '--global'], { encoding: 'utf8' }).trim(), 'npm');
  mkdirSync(join(root.path, 'usr/lib/node_modules'), { recursive: true });
  cpSync(npm, join(root.path, 'usr/lib/node_modules/npm'), { recursive: true });
  cpSync(process.execPath, join(root.path, 'usr/bin/node'));
  for (const name of ['npm', 'npx']) {
    execFileSync('ln', [
      '-s',
      `../lib/node_modules/npm/bin/${name}-cli.js`,
      join(root.path, 'usr/bin', name),
    ]);
  }
}
