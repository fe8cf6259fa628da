import type { RELAYED } from './catalog.gen.js';
import {
  type CheckFacts,
  type CudaDeviceFacts,
  decodeLibrary,
  decodeNodes,
  type LibraryFacts,
  type NodesFacts,
} from './frames.js';
import type { Layout } from './layout.js';
import { decodeList } from './records.js';

/** All that came back for one question. */
export interface Answer {
  checks: CheckFacts[];
  nodes: NodesFacts | null;
  cudaDevices: CudaDeviceFacts[];
  libraries: LibraryFacts[];
}

export const noAnswer = (checks: CheckFacts[] = []): Answer => ({
  checks,
  nodes: null,
  cudaDevices: [],
  libraries: [],
});

/** What each frame that the warden hands on as it is adds to the answer; a payload that is no such record, nothing. */
const TAKE: Record<(typeof RELAYED)[number], (answer: Answer, layout: Layout, payload: ArrayBuffer) => void> =
  {
    nodes(answer, layout, payload) {
      answer.nodes = decodeNodes(payload, layout) ?? answer.nodes;
    },
    devices(answer, layout, payload) {
      answer.cudaDevices = decodeList(layout, 'cudaDevice', payload) ?? [];
    },
    library(answer, layout, payload) {
      const library = decodeLibrary(payload, layout);
      if (library !== undefined) answer.libraries.push(library);
    },
  };

/** Nothing happens with a frame that is no such one. */
export function takeRelayed(answer: Answer, layout: Layout, type: number, payload: ArrayBuffer): void {
  for (const [name, take] of Object.entries(TAKE)) {
    if (layout.frames[name as keyof typeof TAKE] === type) take(answer, layout, payload);
  }
}
