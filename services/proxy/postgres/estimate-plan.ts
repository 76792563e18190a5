import type { Estimate } from '../gate/gate.js';

/** A node of EXPLAIN (FORMAT JSON), as far as it is read here. */
interface PlanNode {
  readonly 'Node Type'?: unknown;
  readonly 'Parent Relationship'?: unknown;
  readonly 'Plan Rows'?: unknown;
  readonly 'Total Cost'?: unknown;
  readonly Plans?: unknown;
}

/** Deeper trees are not read: nothing that a target sends may exhaust the stack. */
const deepest = 200;
const unreadable: Estimate = { unavailable: 'the target’s plan is not understood' };

/** Rows that are returned or changed, whichever are more, and the planner's cost of the whole. */
export function estimateOf(json: string): Estimate {
  const plan = planIn(json);
  if (!plan) return unreadable;
  const rows = Math.max(number(plan['Plan Rows']), changed(plan, 0));
  const cost = number(plan['Total Cost']);
  return Number.isNaN(rows + cost) ? unreadable : { rows, cost };
}

function planIn(json: string): PlanNode | undefined {
  try {
    const document: unknown = JSON.parse(json);
    const [first] = Array.isArray(document) ? (document as unknown[]) : [];
    return isNode(first) && 'Plan' in first && isNode(first.Plan) ? first.Plan : undefined;
  } catch {
    return undefined;
  }
}

/** A ModifyTable says 0 rows unless it returns them; what it changes are the rows of the plans that feed it. */
function changed(node: PlanNode, depth: number): number {
  if (depth > deepest) return Number.NaN;
  const children = (Array.isArray(node.Plans) ? (node.Plans as unknown[]) : []).filter(isNode);
  const below = children.reduce((sum, child) => sum + changed(child, depth + 1), 0);
  if (node['Node Type'] !== 'ModifyTable') return below;
  const fed = children.filter((child) => feeding.has(child['Parent Relationship']));
  return below + fed.reduce((sum, child) => sum + number(child['Plan Rows']), 0);
}

/** `Member`: before PostgreSQL 14. */
const feeding: ReadonlySet<unknown> = new Set(['Outer', 'Member']);

function number(value: unknown): number {
  return typeof value === 'number' && value >= 0 && value < Infinity ? value : Number.NaN;
}

function isNode(value: unknown): value is PlanNode {
  return typeof value === 'object' && value !== null;
}
