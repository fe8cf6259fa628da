// @ts-check
// A service with a file open that it forgot to mark close-on-exec, and with a helper inside the driver for good.
import { openSync } from 'node:fs';
import { probe, told } from '../../support/service-kit.mjs';

openSync('/etc/hostname', 'r');
probe({ simulate: 'hang-nvml-init', deadlineMs: 60_000 });
await told();
