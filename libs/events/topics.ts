/** The topics of the log. What each says, who writes it and how long it is kept: docs/architecture.md. */
export const topics = {
  identity: 'weir.identity.v1',
  policy: 'weir.policy.v1',
  approval: 'weir.approval.v1',
  command: 'weir.command.v1',
  session: 'weir.session.v1',
  finding: 'weir.finding.v1',
  notification: 'weir.notification.v1',
  proof: 'weir.proof.v1',
  retention: 'weir.retention.v1',
  deadLetter: 'weir.dead-letter.v1',
} as const;

export type Topic = (typeof topics)[keyof typeof topics];
