import { realpathSync } from 'node:fs';
import type { LibraryFacts } from '../native/frames.js';
import type { DriverLibrary } from './report.js';

/** `probes::LibraryId`. */
const SONAMES = ['', 'libnvidia-ml.so.1', 'libcuda.so.1'];

/** NVIDIA names the file of each library after its driver: `libcuda.so.570.86.10`. */
const VERSION = /\.so\.(\d+\.\d+(?:\.\d+)*)$/;

/** A library as a helper process has loaded it. */
export function toDriverLibrary({ library, path, error }: LibraryFacts): DriverLibrary {
  const file = path === '' ? null : realPath(path);
  return {
    soname: SONAMES[library] ?? `library ${library}`,
    path: file,
    version: VERSION.exec(file ?? '')?.[1] ?? null,
    error: error === '' ? null : error,
  };
}

/** The file behind the symbolic links; the path itself where it has gone since. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
