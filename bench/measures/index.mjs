import { canary } from './canary.mjs';
import { eventLoop } from './event-loop.mjs';
import { exit } from './exit.mjs';
import { footprint } from './footprint.mjs';
import { guard } from './guard.mjs';
import { hangVerdict } from './hang-verdict.mjs';
import { killedService } from './killed-service.mjs';
import { monitor } from './monitor.mjs';
import { oneShot } from './one-shot.mjs';
import { peers } from './peers.mjs';
import { rawSnapshot } from './raw-snapshot.mjs';
import { recovery } from './recovery.mjs';
import { gpus, processes } from './scaling.mjs';
import { sharedPage } from './shared-page.mjs';
import { snapshot } from './snapshot.mjs';
import { thread } from './thread.mjs';
import { snapshotCpu, startWarden, startWardenInLarge } from './thread-cpu.mjs';

/** In the order of the table. */
export const MEASURES = [
  rawSnapshot,
  sharedPage,
  monitor,
  snapshot,
  thread,
  canary,
  snapshotCpu,
  startWarden,
  startWardenInLarge,
  eventLoop,
  hangVerdict,
  recovery,
  exit,
  killedService,
  footprint,
  oneShot,
  guard,
  gpus,
  processes,
  ...peers,
];
