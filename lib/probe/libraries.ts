import { realpathSync } from 'node:fs';
import type { LibraryFacts } from '../native/frames.js';
import type { DriverLibrary } from './report.js';

/** `probes::LibraryId`. */
const SONAMES = ['', 'libnvidia-ml.so.1', 'libcuda.so.1'];

/** NVIDIA puts the driver version in each library's file name: `libcuda.so.570.86.10`. */
const VERSION = /\.so\.(\d+\.\d+(?:\.\d+)*)$/;

/** Returns a library as a helper process has loaded it. */
export function toDriverLibrary({ library, path, error }: LibraryFacts): DriverLibrary {
  const file = path === '' ? null : realPath(path);
  return {
    soname: SONAMES[library] ?? `library ${library}`,
    path: file,
    version: VERSION.exec(file ?? '')?.[1] ?? null,
    error: error === '' ? null : error,
  };
}

/** Resolves symbolic links; returns the path itself if the file no longer exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
