import type { GpuProbeError } from '../errors.js';
import { holdLoop } from '../native/source.js';
import type { Report } from '../probe/report.js';

/** The callers that wait for a report. They keep the process alive; closing the monitor rejects them. */
export class Callers {
  readonly #rejections = new Set<(error: GpuProbeError) => void>();

  /** Returns a look's report for a waiting caller. Rejects if the look rejects, or when `letGo` is called. */
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
