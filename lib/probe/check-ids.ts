/** The names of checks. */
import { CHECKS } from '../native/catalog.gen.js';

/** Those of the contract that gpuprobe cannot ask yet. */
const PLANNED = ['nvenc.session', 'egl.display', 'egl.buffer', 'egl.image', 'egl.dmabuf'] as const;

/** A check's name. The machine is asked in this order, cheapest first. */
export type CheckId = (typeof CHECKS)[number] | (typeof PLANNED)[number];

/** A row in every report says that they cannot be asked yet, since a check that is missing looks like a good one. */
export const UNIMPLEMENTED: readonly CheckId[] = PLANNED;

/** All checks, in the order they are asked. */
export const CHECK_IDS: readonly CheckId[] = [...CHECKS, ...PLANNED];
