/** The operator's page: its parts, the ways between them, and the search that is on each. */

import { useEffect } from 'preact/hooks';
import { Link } from '../../router.js';
import { isOperator } from '../../server/session.js';
import '../../style/operator.css';
import '../../style/operator-lists.css';
import { AccountsPart } from './accounts.js';
import { AuditPart } from './audit.js';
import { DeadPart } from './dead.js';
import { OverviewPart } from './overview.js';
import { QueuesPart } from './queues.js';
import { focusSearch, SearchField, SearchPart } from './search.js';
import { WorkersPart } from './workers.js';

const PARTS = [
  { name: '', label: 'Overview' },
  { name: 'queues', label: 'Queues' },
  { name: 'dead', label: 'Dead' },
  { name: 'accounts', label: 'Accounts' },
  { name: 'workers', label: 'Workers & health' },
  { name: 'audit', label: 'Audit' },
] as const;

export function Operator({ part = '' }: { part: string | undefined }) {
  useEffect(() => {
    addEventListener('keydown', focusSearch);
    return () => removeEventListener('keydown', focusSearch);
  }, []);
  useEffect(() => {
    const here = document.querySelector('.operator-parts [aria-current]');
    here?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [part]);
  if (!isOperator.value) {
    return <p class="note">This page is for operators; your account is a subscriber's.</p>;
  }
  return (
    <div class="operator">
      <div class="operator-top">
        <nav class="operator-parts" aria-label="Operator's pages">
          {PARTS.map(({ name, label }) => (
            <PartLink key={name} name={name} label={label} part={part} />
          ))}
        </nav>
        {part !== '' && part !== 'search' && <SearchField />}
      </div>
      <Part part={part} />
    </div>
  );
}

function PartLink({ name, label, part }: { name: string; label: string; part: string }) {
  const isHere = name === part || (name === 'workers' && part === 'health');
  return (
    <Link to={name === '' ? '/operator' : `/operator/${name}`} here={isHere}>
      {label}
    </Link>
  );
}

function Part({ part }: { part: string }) {
  if (part === '') return <OverviewPart />;
  if (part === 'search') return <SearchPart />;
  if (part === 'queues') return <QueuesPart />;
  if (part === 'dead') return <DeadPart />;
  if (part === 'accounts') return <AccountsPart />;
  if (part === 'workers' || part === 'health') return <WorkersPart />;
  if (part === 'audit') return <AuditPart />;
  return (
    <p class="note">
      There is no such page. <Link to="/operator">To the overview</Link>
    </p>
  );
}
