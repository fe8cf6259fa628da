import type { Action, Impact, Inference, Scope } from '../probe/report.js';
import type { Answer } from './answer.js';
import type { View } from './view.js';

/** What a rule saw on one GPU, or on the machine. A rule has at most one hit per device. */
export interface Hit {
  /** As in `Finding.device`. */
  device: string | null;
  summary: string;
  observed: string[];
  inferred: Inference[];
  /** In the order to try them. */
  remedy: string[];
  /** Where the evidence says more, or less, than the rule: what differs from the rule's own. */
  impact?: Partial<Impact>;
  action?: Action;
  scope?: Scope;
  /** What it explains here, where that is less than what its rule explains. */
  absorbs?: readonly Absorbs[];
  /** What was answered, by number, or by name where it has none: for an `absorbs` that is limited to some. */
  answers?: Answer[];
}

/** A symptom that a cause explains. */
export interface Absorbs {
  /** The id of the symptom's rule. */
  id: string;
  /** Explained only where all of the symptom's answers are among these. Default: whatever they are. */
  answers?: readonly Answer[];
}

/** A rule: what it looks for, and all that `gpuprobe explain` says about it. */
export interface Rule {
  /** Stable across releases. */
  id: string;
  /** What a hit means, unless the hit says otherwise; severity follows from it. */
  impact: Impact;
  action: Action;
  scope: Scope;
  title: string;
  /** What it means for whoever has work for the GPU. */
  meaning: string;
  /** The codes and fields it goes by. */
  detection: string;
  /** What else shows the same. */
  lookalikes: readonly string[];
  /** The public thread or document behind it. */
  source: string;
  /** The symptoms it explains: their lines join its own, and they are not reported apart. */
  absorbs?: readonly Absorbs[];
  find(view: View): Hit[];
}
