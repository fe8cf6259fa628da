import { readdirSync, statSync } from 'node:fs';
import type { ReadText } from './container.js';
import type { Host, OpenFiles } from './report.js';

/** Variables that decide which GPUs a process gets and how; each is followed by its reader. */
const VARIABLES = [
  'CUDA_VISIBLE_DEVICES', // libcuda
  'CUDA_MPS_PIPE_DIRECTORY', // libcuda: where the Multi-Process Service (MPS) listens
  'NVIDIA_VISIBLE_DEVICES', // the container runtime
  'NVIDIA_DRIVER_CAPABILITIES', // the container runtime: which driver libraries it mounts
  'LD_LIBRARY_PATH', // the dynamic linker: which file each library is
] as const;

/** Longest value that a report quotes. */
const MOST_CHARACTERS = 256;

/** Number of device cgroup entries that are kept. A runtime writes about twenty. */
const MOST_RULES = 200;

/** Larger descriptor tables are not counted one by one, because that would block the event loop. */
const MOST_COUNTED = 65_536;

/** Describes this process, as far as that decides its access to the GPU. */
export function describeOwnProcess(
  read: ReadText,
  environment: NodeJS.ProcessEnv,
  deviceList: string | null,
): Pick<Host, 'userNamespace' | 'user' | 'environment' | 'openFiles' | 'deviceRules'> {
  return {
    userNamespace: inUserNamespace(read('/proc/self/uid_map')),
    user: userOf(),
    environment: Object.fromEntries(
      VARIABLES.flatMap((name) => {
        const value = environment[name];
        return value === undefined ? [] : [[name, value.slice(0, MOST_CHARACTERS)]];
      }),
    ),
    openFiles: countOpenFiles(read),
    deviceRules: deviceList === null ? null : rulesIn(read(deviceList)),
  };
}

/** The initial user namespace maps every id to itself (user_namespaces(7)). */
export function inUserNamespace(uidMap: string | null): boolean {
  return uidMap !== null && uidMap.trim() !== '' && !/^\s*0\s+0\s+4294967295\s*$/.test(uidMap);
}

function userOf(): Host['user'] {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  if (uid === undefined || gid === undefined) return null;
  return { uid, gid, groups: (process.getgroups?.() ?? []).filter((group) => group !== gid) };
}

/** Counts open files. A process at its limit cannot even read its limits: then the count is the limit. */
function countOpenFiles(read: ReadText): OpenFiles {
  const limits = read('/proc/self/limits');
  const open = ownDescriptors(read);
  const soft = /^Max open files\s+(\d+)/m.exec(limits ?? '')?.[1];
  const [systemOpen, systemLimit] = numbers(/^(\d+)\s+\d+\s+(\d+)/.exec(read('/proc/sys/fs/file-nr') ?? ''));
  return {
    open,
    limit: soft !== undefined ? Number(soft) : limits === null && open !== null ? limitNow(open) : null,
    systemOpen: systemOpen ?? null,
    systemLimit: systemLimit ?? null,
  };
}

function limitNow(open: number): number | null {
  try {
    statSync('/proc/self/limits');
    return open; // it exists but could not be opened
  } catch {
    return null;
  }
}

/** Returns the number of descriptors. Since Linux 6.2, stat() of /proc/self/fd gives it and opens none. */
function ownDescriptors(read: ReadText): number | null {
  try {
    const { size } = statSync('/proc/self/fd');
    if (size > 0) return size;
    const room = Number(/^FDSize:\s+(\d+)/m.exec(read('/proc/self/status') ?? '')?.[1] ?? 0);
    return room > MOST_COUNTED ? null : readdirSync('/proc/self/fd').length - 1;
  } catch {
    return null;
  }
}

/**
 * Returns the path of `devices.list` of this process's own cgroup, through the mount that is visible here;
 * null without a version 1 device cgroup. Reading it once is enough, because services do not move between
 * cgroups, and the list of mounts is long on a busy node.
 */
export function findDeviceList(read: ReadText): string | null {
  const own = /^\d+:devices:(.*)$/m.exec(read('/proc/self/cgroup') ?? '')?.[1];
  if (own === undefined) return null;
  const mount = (read('/proc/self/mountinfo') ?? '')
    .split('\n')
    .map((line) => line.split(' '))
    .find(
      (fields) => fields[fields.indexOf('-') + 1] === 'cgroup' && /\bdevices\b/.test(fields.at(-1) ?? ''),
    );
  const [root, at] = [mount?.[3], mount?.[4]];
  if (root === undefined || at === undefined) return null;
  const below = root === '/' ? own : own.startsWith(`${root}/`) ? own.slice(root.length) : '';
  return `${at}${below === '/' ? '' : below}/devices.list`;
}

function rulesIn(list: string | null): string[] | null {
  return list === null ? null : list.split('\n').filter(Boolean).slice(0, MOST_RULES);
}

function numbers(match: RegExpExecArray | null): number[] {
  return match === null ? [] : match.slice(1).map(Number);
}
