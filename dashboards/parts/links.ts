/** A link of a cell: what it says, and where it goes. */
export interface CellLink {
  readonly title: string;
  readonly url: string;
  readonly targetBlank: boolean;
}

const field = (name: string) => `\${__data.fields.${name}:percentencode}`;
const toConsole = (title: string, path: string): CellLink => ({
  title,
  url: `\${console:raw}${path}`,
  targetBlank: true,
});

/** Pages of Weirkeeper, by a column of the row that has the id. */
export const openSession = toConsole('Open the session', `/sessions/${field('session_id')}`);
export const openDecision = toConsole('Why it was decided so', `/decisions/${field('statement_id')}`);
export const openApproval = toConsole('Open the request', `/approvals/${field('approval_id')}`);
export const openFinding = toConsole('Open the finding', `/findings/${field('finding_id')}`);

/** The drill-down on the row's identity, at the same time. */
export const drillDown: CellLink = {
  title: 'Look at this identity',
  url: `/d/weir-identity?var-identity=${field('identity')}&\${__url_time_range}`,
  targetBlank: false,
};
