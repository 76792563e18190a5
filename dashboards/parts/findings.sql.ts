/*
 * `findings` has a row a finding: FindingRaised, and the newest FindingTriaged of it. It is small beside the events, and
 * filtered by the time at which it was raised.
 */
export const findings = `FROM findings
WHERE $__timeFilter(time)
  AND $__conditionalAll(identity = decodeURLComponent('\${identity:percentencode}'), $identity)
  AND $__conditionalAll(connection IN (\${connection:singlequote}), $connection)`;
