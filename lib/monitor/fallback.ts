import { readdir, readFile, readlink } from 'node:fs/promises';

/** A process that has the GPU open, according to its descriptors in /proc. */
export interface Holder {
  /** Pid in this process's pid namespace, unlike NVML's pids. */
  pid: number;
  /** Process name from the kernel: at most 15 bytes. */
  name: string;
  /** The device nodes that it has open, without duplicates. */
  nodes: string[];
}

/** Counts made without the driver while NVML does not answer. Never mixed with readings. */
export interface Fallback {
  source: 'fallback';
  /** ISO 8601, UTC. */
  takenAt: string;
  /** Paths in /dev. */
  nodes: string[];
  holders: Holder[];
  /** Number of processes whose descriptors this process may not read. */
  notAllowed: number;
  /** False if there were more processes or descriptors than the scan reads. */
  complete: boolean;
}

/** Limits that keep a scan short on a large host; MOST_DESCRIPTORS is per process. */
const MOST_PROCESSES = 4096;
const MOST_DESCRIPTORS = 1024;
const MOST_HOLDERS = 256;

const isNode = (path: string) => /^\/dev\/(nvidia(\d+|ctl|-uvm|-uvm-tools|-modeset)?|dxg)$/.test(path);

/** The directories to scan; tests pass their own /proc and /dev. */
export interface Places {
  proc: string;
  dev: string;
  isNode(path: string): boolean;
}

const REAL: Places = { proc: '/proc', dev: '/dev', isNode };

const orNone = <T>(promise: Promise<T[]>): Promise<T[]> => promise.catch(() => []);

/** Returns the nodes that a process has open; null if this process may not read its descriptors. */
async function openNodes(
  folder: string,
  places: Places,
): Promise<{ nodes: string[]; complete: boolean } | null> {
  let descriptors: string[];
  try {
    descriptors = await readdir(folder);
  } catch (error) {
    // The process has exited, so it holds nothing.
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ESRCH' ? { nodes: [], complete: true } : null;
  }
  const nodes = new Set<string>();
  for (const descriptor of descriptors.slice(0, MOST_DESCRIPTORS)) {
    const target = await readlink(`${folder}/${descriptor}`).catch(() => '');
    if (places.isNode(target)) nodes.add(target);
  }
  return { nodes: [...nodes].sort(), complete: descriptors.length <= MOST_DESCRIPTORS };
}

/** Counts device nodes and their holders, one descriptor at a time. Never enters the driver. */
export async function countWithoutDriver(wall: Date, places: Places = REAL): Promise<Fallback> {
  const names = await orNone(readdir(places.dev));
  const pids = (await orNone(readdir(places.proc))).filter((name) => /^\d+$/.test(name));
  const result: Fallback = {
    source: 'fallback',
    takenAt: wall.toISOString(),
    nodes: names
      .map((name) => `/dev/${name}`)
      .filter(isNode)
      .sort(),
    holders: [],
    notAllowed: 0,
    complete: pids.length <= MOST_PROCESSES,
  };
  for (const pid of pids.slice(0, MOST_PROCESSES)) {
    const open = await openNodes(`${places.proc}/${pid}/fd`, places);
    result.notAllowed += open === null ? 1 : 0;
    result.complete &&= open?.complete ?? true;
    if (open === null || open.nodes.length === 0) continue;
    if (result.holders.length === MOST_HOLDERS) return { ...result, complete: false };
    const name = await readFile(`${places.proc}/${pid}/comm`, 'utf8').catch(() => '');
    result.holders.push({ pid: Number(pid), name: name.trimEnd(), nodes: open.nodes });
  }
  return result;
}
