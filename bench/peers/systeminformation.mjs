/**
 * It begins with what lspci lists and asks nvidia-smi about that, so it has no word about a simulated GPU: what it costs
 * is timed all the same.
 * @type {import('./index.mjs').Peer}
 */
export const systeminformation = {
  id: 'systeminformation',
  what: 'systeminformation.graphics(), which sees no simulated GPU',
  reads: 3,
  async open() {
    const { graphics } = await import('systeminformation');
    return graphics;
  },
};
