// @ts-check
// A service with two copies of the package, whose driver blocks: one copy asks, then the other, then the first again.
import { given, probe, say, told } from '../../support/service-kit.mjs';
import { probeOf } from './other-copy.mjs';

/** @type {{ other: string, libraryPath: string }} */
const { other, libraryPath } = given();
const rows = [];
for (const ask of [probe, await probeOf(other), probe]) {
  const { checks } = await ask({ libraryPath, force: true, checks: ['nvml.init'], deadlineMs: 300 });
  rows.push(checks.map(({ outcome, name }) => name ?? outcome).find((word) => /timeout|STUCK/.test(word)));
}
say(rows);
await told();
