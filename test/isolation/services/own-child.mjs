// @ts-check
// A service that starts a child of its own after a probe, and says what is behind the child's descriptors.
import { execFileSync } from 'node:child_process';
import { probe, say, told } from '../../support/service-kit.mjs';

await probe({ simulate: 'healthy' });
const listing = execFileSync('ls', ['-l', '/proc/self/fd'], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'ignore'],
});
say(listing.match(/-> .*/g));
await told();
