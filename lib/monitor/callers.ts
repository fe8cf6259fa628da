import type { GpuProbeError } from '../errors.js';
import { holdLoop } from '../native/source.js';
import type { Report } from '../probe/report.js';

/** Those who wait for a report. They keep the process alive, and a monitor that is closed lets them go. */
export class Callers {
  readonly #rejections = new Set<(error: GpuProbeError) => void>();

  /** The report of a look that somebody waits for. Rejects as the look does, or as the callers are let go. */
  hold(look: () => Promise<Report>): Promise<Report> {
    const release = holdLoop();
    return new Promise<Report>((resolve, reject) => {
      this.#rejections.add(reject);
      look()
        .then(resolve, reject)
        .finally(() => this.#rejections.delete(reject));
    }).finally(release);
  }

  letGo(error: GpuProbeError): void {
    for (const reject of this.#rejections) reject(error);
  }
}
