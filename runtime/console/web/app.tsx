/** Which page an address shows. */

import type { ComponentChildren } from 'preact';
import { Board } from './pages/board.js';
import { Login } from './pages/login.js';
import { Messages } from './pages/messages.js';
import { Frame } from './parts/frame.js';
import { later } from './parts/later.js';
import { Problem } from './parts/loaded.js';
import { Link, path } from './router.js';
import { load, phase } from './server/session.js';

const MessagePage = later(() => import('./pages/message/page.js').then((part) => part.MessagePage));
const MachinesPage = later(() =>
  import('./pages/message/machines.js').then((part) => part.MachinesPage),
);
const Operator = later(() => import('./pages/operator/page.js').then((part) => part.Operator));
const Settings = later(() => import('./pages/settings/page.js').then((part) => part.Settings));

function pageAt(at: string): ComponentChildren {
  const [, first = '', second] = at.split('/');
  if (first === '') return <Board />;
  if (first === 'messages') return <Messages box="inbox" conversation={second} />;
  if (first === 'sent') return <Messages box="sent" conversation={second} />;
  if (first === 'm' && second !== undefined) return <MessagePage id={second} />;
  if (first === 'machines') return <MachinesPage name={second} />;
  if (first === 'me') return <Settings />;
  if (first === 'operator') return <Operator part={second} />;
  return (
    <div class="stack">
      <h1>There is no such page</h1>
      <p>
        Nothing is at <code>{at}</code>. <Link to="/">To the board</Link>
      </p>
    </div>
  );
}

const TITLES: Readonly<Record<string, string>> = {
  '': 'Board',
  messages: 'Messages',
  sent: 'Sent',
  machines: 'Machines',
  me: 'Devices and profiles',
  operator: 'Operator',
};

function titleAt(at: string): string {
  const [, first = '', second] = at.split('/');
  if (first === 'm') return `Message ${second ?? ''}`;
  return TITLES[first] ?? 'No such page';
}

export function App() {
  if (phase.value === 'loading') {
    return (
      <main class="login">
        <p class="soft">One moment…</p>
      </main>
    );
  }
  if (phase.value === 'login') return <Login />;
  if (phase.value === 'unreachable') {
    return (
      <main class="login">
        <h1 class="unseen">Patchboard</h1>
        <Problem text="The switch does not answer." again={load} />
      </main>
    );
  }
  return <Frame title={titleAt(path.value)}>{pageAt(path.value)}</Frame>;
}
