import { koffi } from './koffi.mjs';
import { nvidiaSmi } from './nvidia-smi.mjs';
import { systeminformation } from './systeminformation.mjs';

/**
 * Another way to the same readings, on the simulated driver of the process that it runs in.
 * @typedef {object} Peer
 * @property {string} id
 * @property {string} what
 * @property {number} reads in one round
 * @property {(program: string) => Promise<() => unknown>} open `program`: nvidia-smi; gives what reads once
 */

/** @type {Peer[]} */
export const PEERS = [...nvidiaSmi, systeminformation, koffi];
