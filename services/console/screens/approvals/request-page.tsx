import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { getApprovalsByIdOptions } from '../../api/gen/@tanstack/react-query.gen.js';
import { useAttended } from '../../app/attended.js';
import { usePageTitle } from '../../app/page-title.js';
import { useShortcut } from '../../app/shortcuts.js';
import { Button } from '../../ui/button.js';
import { Failure, Loading } from '../../ui/states.js';
import { visible } from '../../ui/visible.js';
import { DecisionDialog, type Choice } from './decision-dialog.js';
import { Request } from './request.js';

export function RequestPage() {
  const { id = '' }: { readonly id?: string } = useParams({ strict: false });
  const attended = useAttended();
  const { data: approval, ...query } = useQuery({
    ...getApprovalsByIdOptions({ path: { id } }),
    refetchInterval: (each) => (attended && each.state.data?.status === 'pending' ? 10_000 : false),
  });
  const [choice, setChoice] = useState<Choice>();
  const isPending = approval?.status === 'pending';
  usePageTitle(approval ? `${visible(approval.kind)} on ${visible(approval.connection)}` : 'Approval');
  useShortcut('a', 'Approve…', () => setChoice('approve'), isPending);
  useShortcut('d', 'Deny…', () => setChoice('deny'), isPending);
  return (
    <article className="request-page" key={id} ref={takeFocusIfAlone} tabIndex={-1}>
      <Link to="/approvals" search={true} className="back">
        All requests
      </Link>
      {query.isPending && <Loading what="the request" />}
      {query.isError && !approval && (
        <Failure error={query.error} what="this request" retry={() => void query.refetch()} />
      )}
      {approval && <Request approval={approval} />}
      {isPending && (
        <footer className="decide">
          <Button look="primary" onClick={() => setChoice('approve')}>
            Approve… <kbd>a</kbd>
          </Button>
          <Button look="danger" onClick={() => setChoice('deny')}>
            Deny… <kbd>d</kbd>
          </Button>
        </footer>
      )}
      {approval && choice && (
        <DecisionDialog approval={approval} choice={choice} onClose={() => setChoice(undefined)} />
      )}
    </article>
  );
}

/** On a narrow screen the list goes away, and with it the focus: the request takes it. */
function takeFocusIfAlone(article: HTMLElement | null): void {
  if (window.matchMedia('(width < 900px)').matches) article?.focus({ preventScroll: true });
}
