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
  /** In the order in which to try them. */
  remedy: string[];
  /** Overrides the rule's impact, action and scope, if the evidence says more or less than the rule. */
  impact?: Partial<Impact>;
  action?: Action;
  scope?: Scope;
  /** The symptoms that this hit explains, if fewer than its rule explains. */
  absorbs?: readonly Absorbs[];
  /** The answers seen, by code, else by name; for an `absorbs` that is limited to some answers. */
  answers?: Answer[];
}

/** A symptom that a cause explains. */
export interface Absorbs {
  /** The id of the symptom's rule. */
  id: string;
  /** Explains the symptom only if all its answers are among these. Default: any answers. */
  answers?: readonly Answer[];
}

/** A rule: what it looks for, and everything that `gpuprobe explain` says about it. */
export interface Rule {
  /** Stable across releases. */
  id: string;
  /** The impact of a hit, unless the hit overrides it; severity follows from it. */
  impact: Impact;
  action: Action;
  scope: Scope;
  title: string;
  /** What it means for GPU work. */
  meaning: string;
  /** The codes and fields that it uses. */
  detection: string;
  /** Other causes with the same symptoms. */
  lookalikes: readonly string[];
  /** The public issue or document behind it. */
  source: string;
  /** The symptoms that it explains: their lines move to this finding; they are not reported separately. */
  absorbs?: readonly Absorbs[];
  find(view: View): Hit[];
}
