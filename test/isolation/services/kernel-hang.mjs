// @ts-check
// A service whose driver sleeps in the kernel. It says what is stuck, and asks again when it is told to, or exits then.
import { given, probe, say, told } from '../../support/service-kit.mjs';

/** @type {{ libraryPath: string, exit?: boolean }} */
const { libraryPath, exit = false } = given();
for (;;) {
  const { checks, findings } = await probe({
    libraryPath,
    force: true,
    checks: ['nvml'],
    deadlineMs: 300,
    hardDeadlineMs: 600,
  });
  const rows = checks.filter((row) => row.outcome === 'timeout' || row.name === 'PROBE_STUCK');
  say({ rows, ids: findings.map((finding) => finding.id) });
  await told();
  if (exit) process.exit(7);
}
