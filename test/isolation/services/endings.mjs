// @ts-check
/** The ways in which a service ends, by name. */
export const ENDINGS = {
  exit: () => process.exit(7),
  throw: () => {
    throw new Error('uncaught');
  },
  reject: () => {
    Promise.reject(new Error('unhandled'));
  },
  SIGTERM: () => {
    process.kill(process.pid, 'SIGTERM');
  },
  SIGKILL: () => {
    process.kill(process.pid, 'SIGKILL');
  },
  natural: () => {},
};
