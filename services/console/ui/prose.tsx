import { Fragment } from 'react';
import { Visible } from './visible-text.js';

/** A sentence in which what is typed stands between backticks. */
export function Prose({ text }: { readonly text: string }) {
  const parts = text.split('`');
  // Without its other half a backtick is one.
  if (parts.length % 2 === 0) return <Visible text={text} />;
  return parts.map((part, i) => (
    <Fragment key={i}>
      {i % 2 === 0 ? (
        <Visible text={part} />
      ) : (
        <code>
          <Visible text={part} />
        </code>
      )}
    </Fragment>
  ));
}
