import { readdir, readFile, readlink } from 'node:fs/promises';

/** A process that has the GPU open, as the kernel lists its descriptors. */
export interface Holder {
  /** In this process's pid namespace, unlike NVML's. */
  pid: number;
  /** Its name as the kernel keeps it: at most 15 bytes. */
  name: string;
  /** The device nodes that it has open, each once. */
  nodes: string[];
}

/** What can be counted without the driver, while NVML does not answer. It is no reading, and is never mixed with one. */
export interface Fallback {
  source: 'fallback';
  /** ISO 8601, UTC. */
  takenAt: string;
  /** Names in /dev. */
  nodes: string[];
  holders: Holder[];
  /** Processes whose descriptors this one may not see. */
  notAllowed: number;
  /** False: there were more processes or descriptors than are looked at. */
  complete: boolean;
}

/** So many processes, and descriptors of each, are looked at: a scan is to cost a moment, also on a large host. */
const MOST_PROCESSES = 4096;
const MOST_DESCRIPTORS = 1024;
const MOST_HOLDERS = 256;

const isNode = (path: string) => /^\/dev\/(nvidia(\d+|ctl|-uvm|-uvm-tools|-modeset)?|dxg)$/.test(path);

/** Where to look; tests give a /proc and a /dev of their own. */
export interface Places {
  proc: string;
  dev: string;
  isNode(path: string): boolean;
}

const REAL: Places = { proc: '/proc', dev: '/dev', isNode };

const orNone = <T>(promise: Promise<T[]>): Promise<T[]> => promise.catch(() => []);

/** The nodes that a process has open; null: it may not be seen, or is gone. */
async function openNodes(
  folder: string,
  places: Places,
): Promise<{ nodes: string[]; complete: boolean } | null> {
  let descriptors: string[];
  try {
    descriptors = await readdir(folder);
  } catch (error) {
    // One that has ended meanwhile holds nothing.
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

/** Counts what the kernel knows. Asynchronous, one descriptor after the other, and without entering the driver. */
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
