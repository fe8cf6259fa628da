import { describe, expect, it } from 'vitest';
import type { Facts, XidEvent } from '../../lib/probe/report.js';
import { type HistoryEntry, historyEntryOf } from '../../lib/verdict/history.js';
import { judge } from '../../lib/verdict/judge.js';
import { findXid, XIDS } from '../../lib/verdict/xids.js';
import { device, ecc, facts, failed, GPU0, silentDevice } from './facts.js';

const xid = (code: number, where: string | null = GPU0): XidEvent => ({
  code,
  device: where,
  at: '2025-11-05T12:34:00.000Z',
});

const with_ = (...codes: number[]): Facts => facts({ xids: codes.map((code) => xid(code)) });
/** History as a monitor makes them, each from the one before. */
function historyOf(looks: readonly Facts[]): HistoryEntry[] {
  const moments: HistoryEntry[] = [];
  for (const one of looks) moments.push(historyEntryOf(one, moments.at(-1)));
  return moments;
}
const ids = (given: Facts, history: Facts[] = []) =>
  judge(given, { history: historyOf(history) }).findings.map(({ id }) => id);

describe('Xids', () => {
  it.each([13, 31, 43, 45, 68, 109])('%i is an application fault, and not held against the GPU', (code) => {
    const report = judge(with_(code));
    expect(report.findings.map(({ id, severity }) => `${severity} ${id}`)).toEqual(['info xid-application']);
    expect(report.verdict).toBe('ok');
  });

  it.each([46, 48, 62, 64, 74, 79, 95, 119, 120, 140, 143])('%i is critical', (code) => {
    const report = judge(with_(code));
    expect(report.findings.map(({ id, device: where }) => `${id} ${where}`)).toEqual([
      `xid-critical ${GPU0}`,
    ]);
    expect(report.findings[0]?.observed[0]).toBe(
      `${GPU0}: Xid ${code} ${findXid(code).name} at 2025-11-05T12:34:00.000Z`,
    );
    expect(report.verdict).toBe('failed');
  });

  it.each([32, 92, 94, 4711])('%i is a warning', (code) => {
    expect(ids(with_(code))).toEqual(['xid-reported']);
  });

  it('are none where nobody listened, or nothing came', () => {
    expect(ids(facts({ xids: null }))).toEqual([]);
    expect(ids(facts({ xids: [] }))).toEqual([]);
  });

  it('that ask for a reset stand for as long as the monitor has them; others are of the moment', () => {
    expect(ids(facts(), [with_(95), facts()])).toEqual(['xid-critical']);
    expect(ids(facts(), [with_(94), with_(31)])).toEqual([]);
  });

  it('that ask for a recovery which cannot be read stand until it can be', () => {
    const unread = device({ recoveryAction: null });
    const after = facts({ devices: [unread] });
    const heard = facts({ devices: [unread], xids: [xid(154)] });
    expect(ids(after, [heard, ...Array(600).fill(after)])).toEqual(['recovery-action-changed']);
    expect(judge(after, { history: historyOf([heard]) }).verdict).toBe('degraded');
    expect(ids(facts(), [heard])).toEqual([]);
    expect(ids(facts({ devices: [device({ recoveryAction: 'gpu-reset' })] }), [heard])).toEqual([
      'reset-required',
    ]);
  });

  it('of a recovery that was read stand when it can be read no more, until none is read', () => {
    const asked = facts({ devices: [device({ recoveryAction: 'node-reboot' })] });
    const unread = facts({ devices: [device({ recoveryAction: null })] });
    expect(ids(unread, [asked, unread, unread])).toEqual(['reset-required']);
    expect(ids(unread, [asked, facts(), unread])).toEqual([]);
  });

  it('that are not in the catalogue get no cause made up', () => {
    expect(judge(with_(4711)).findings[0]?.inferred).toEqual([]);
  });

  it('that come again and again are one line', () => {
    const [finding] = judge(with_(119, 119, 119)).findings;
    expect(finding?.observed).toEqual([
      `${GPU0}: Xid 119 GSP_RPC_TIMEOUT 3 times, last at 2025-11-05T12:34:00.000Z`,
    ]);
  });

  it('have the remedy of the gravest', () => {
    expect(judge(with_(95, 79)).findings[0]?.remedy.join('\n')).toContain('Reboot the host');
    expect(judge(with_(95)).findings[0]?.remedy.join('\n')).toContain('--gpu-reset');
  });

  it('name the GPU by whatever name the event has for it, or the machine', () => {
    const report = judge(facts({ xids: [xid(95, '00000000:01:00.0'), xid(79, null)] }));
    expect(report.findings.map(({ device: where }) => where)).toEqual([GPU0, null]);
  });

  it('join what they explain: a lost GPU, memory errors, a row, a reset', () => {
    const lost = { code: 15, name: 'NVML_ERROR_GPU_IS_LOST' };
    expect(ids(facts({ devices: [silentDevice(lost)], xids: [xid(79)] }))).toEqual(['gpu-lost']);
    const bad = device({ ecc: ecc({ volatile: { corrected: 0, uncorrected: 1 } }) });
    expect(ids(facts({ devices: [bad], xids: [xid(48), xid(94)] }))).toEqual(['ecc-uncorrectable']);
    const row = { correctable: 0, uncorrectable: 1, pending: false, failure: true };
    expect(ids(facts({ devices: [device({ remappedRows: row })], xids: [xid(64)] }))).toEqual([
      'row-remap-failed',
    ]);
    const reset = facts({ xids: [xid(119)] }, [
      failed('nvml.devices', 'fresh', 16, 'NVML_ERROR_RESET_REQUIRED', { device: GPU0 }),
    ]);
    expect(ids(reset)).toEqual(['reset-required']);
    // A reset does not help a GPU that has fallen off the bus.
    expect(ids({ ...reset, xids: [xid(79)] })).toEqual(['reset-required', 'xid-critical']);
  });
});

describe('the catalogue', () => {
  it('has each code once, with words for all of it', () => {
    expect(new Set(XIDS.map(({ code }) => code)).size).toBe(XIDS.length);
    for (const { code, name, what } of XIDS) {
      expect(name, `${code}`).toMatch(/^[A-Z][A-Z0-9_]+$/);
      expect(what.length, `${code}`).toBeGreaterThan(10);
    }
  });

  it('calls critical what asks for a reset or a reboot now, and holds nothing against a GPU that an application did', () => {
    for (const { code, severity, action, fault } of XIDS) {
      if (severity === 'critical') expect(['reset', 'reboot'], `${code}`).toContain(action);
      if (fault === 'application') expect(severity, `${code}`).toBe('info');
    }
  });
});
