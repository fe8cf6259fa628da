import { createRequire } from 'node:module';
import { GpuProbeError } from '../errors.js';
import { filesBesideAddon, packageRoot } from '../paths.js';
import type { Layout } from './layout.js';

/** Returns the request's number; 0: thread mode belongs to another source; 2^32 - 1: no thread available. */
export type Submit = (
  inThread: boolean,
  kind: number,
  source: number,
  softMs: number,
  hardMs: number,
  flags: number,
  device: string,
  pciBusId: string,
) => number;

/** One environment's connection to the hub. */
export interface Line {
  submit: Submit;
  /** Cancels a request that waits for events. */
  cancel(request: number): void;
  /** Adds or removes one caller that keeps this environment alive. */
  hold(held: boolean): void;
}

/** The addon's exports; see native/addon/binding.cc. */
export interface Binding {
  layout: Layout;
  /** Returns milliseconds of CLOCK_BOOTTIME, which also counts while the machine sleeps. */
  bootMs(): number;
  /** Opens a connection to the hub; answers go to the callback. */
  listen(callback: (request: number, type: number, payload: ArrayBuffer) => void): Line;
  setWardenPath(path: string): void;
  /** Returns a descriptor, or a negative errno. */
  createWorld(text: string, json: string, speed: number, startMs: number): number;
  /** Returns a descriptor, or a negative errno. */
  openWorld(path: string): number;
  /** Returns what the last writer stored, or a negative errno. */
  readWorld(
    fd: number,
  ): { revision: number; json: string; elapsedMs: number; nvmlCalls: number; cudaCalls: number } | number;
  /** Returns 0, or a negative errno: EAGAIN if `revision` is no longer the last. */
  appendWorld(fd: number, revision: number, text: string, json: string): number;
  /** Returns the source's number, or a negative errno. `world`: a descriptor; -1 for the real driver. */
  openSource(directories: string, environment: string[], world: number, key: string): number;
  openReader(source: number, inThread: boolean, target: Uint8Array, meta: Float64Array): () => number;
  wardenPid(): number;
  /** Ends the warden, and waits at most `limitMs` until it is reaped. */
  endWarden(limitMs: number): void;
  /** Returns 0, or a negative errno: EAGAIN if another open file description has the lock. */
  lockByte(fd: number, offset: number): number;
  /** Returns 0, or a negative errno. */
  unlockByte(fd: number, offset: number): number;
  /** Returns 1 if another open file description locked one of these bytes, 0 if none, or a negative errno. */
  isLocked(fd: number, offset: number, length: number): number;
}

/** The addon, and the files next to it. */
export interface Addon {
  binding: Binding;
  path: string;
  wardenPath: string;
  simulatorDirectory: string;
}

const require = createRequire(import.meta.url);

let loaded: Addon | undefined;

/** Returns the addon if it is already loaded. */
export const loadedAddon = (): Addon | undefined => loaded;

/**
 * Loads the addon: a build in this checkout, else the prebuild for this platform. node-gyp-build resolves it,
 * so `GPUPROBE_PREBUILD` and `PREBUILDS_ONLY` work as usual.
 * @throws GpuProbeError ERR_GPUPROBE_ADDON_NOT_FOUND
 */
export function loadAddon(): Addon {
  if (loaded !== undefined) return loaded;
  try {
    const nodeGypBuild = require('node-gyp-build') as { resolve(directory: string): string };
    const path = nodeGypBuild.resolve(packageRoot);
    const binding = require(path) as Binding;
    const beside = filesBesideAddon(path);
    binding.setWardenPath(beside.wardenPath);
    loaded = { binding, path, ...beside };
    return loaded;
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    // The dynamic linker's message for a file that must not be mapped as executable.
    const remedy = /failed to map segment/.test(reason)
      ? 'Its file system is mounted noexec, or memory is limited: mount it without noexec, or raise the limit.'
      : 'In a clone run `npm run build`; an installed package has no prebuild for this platform or libc.';
    throw new GpuProbeError(
      'ERR_GPUPROBE_ADDON_NOT_FOUND',
      `the native addon for ${process.platform}-${process.arch} could not be loaded from ${packageRoot}: ${reason}. ${remedy}`,
      { cause },
    );
  }
}
