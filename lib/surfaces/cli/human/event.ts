import { shortDuration } from '../../../format.js';
import type { EventName, GpuProbeEvents } from '../../../monitor/events.js';
import { type Paint, SEVERITY_STYLE, type Style } from './paint.js';
import { printable } from './text.js';

type Event = GpuProbeEvents[EventName];

/** Returns one line for people: when, and what changed. */
export function humanEvent(event: Event, paint: Paint): string {
  const [style, text] = words(event);
  const when = event.scenarioTime ?? event.at;
  const label = event.simulated ? '[SIMULATED] ' : '';
  return `${when} ${label}${paint(style, printable(text))}\n`;
}

function words(event: Event): [Style, string] {
  switch (event.type) {
    case 'verdict':
      return ['bold', `verdict: ${event.verdict}${event.previous === null ? '' : `, was ${event.previous}`}`];
    case 'finding': {
      const { id, severity, summary } = event.finding;
      return [SEVERITY_STYLE[severity], `${severity} ${id}: ${summary}`];
    }
    case 'recovered':
      return ['green', `recovered ${event.finding.id}, after ${shortDuration(event.lastedMs)}`];
    case 'stale':
      return ['yellow', `readings are ${event.state}: ${shortDuration(event.ageMs)} old`];
    case 'gap':
      return ['yellow', `no readings for ${shortDuration(event.gap.ms)}`];
    case 'monitoring':
      return monitoringWords(event);
    case 'fallback': {
      const { nodes, holders, notAllowed } = event.fallback;
      const seen = `${nodes.length} device nodes, held open by ${holders.length} processes`;
      return [
        'cyan',
        `without the driver: ${seen}${notAllowed > 0 ? `; ${notAllowed} may not be seen` : ''}`,
      ];
    }
    case 'xid':
      return ['red', `Xid ${event.xid.code}${event.xid.device === null ? '' : ` of ${event.xid.device}`}`];
    case 'report':
      return ['bold', `report: ${event.report.verdict}`];
  }
}

function monitoringWords({ works, because, darkMs }: GpuProbeEvents['monitoring']): [Style, string] {
  if (!works) return ['red', `MONITORING DOES NOT WORK: ${because}`];
  return [
    'green',
    darkMs === null ? 'monitoring works' : `monitoring works again, after ${shortDuration(darkMs)}`,
  ];
}
