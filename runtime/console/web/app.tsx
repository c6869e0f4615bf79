/** Which page an address shows. */

import type { ComponentChildren } from 'preact';
import { Board } from './pages/board.js';
import { Login } from './pages/login.js';
import { Messages } from './pages/messages.js';
import { Frame } from './parts/frame.js';
import { later } from './parts/later.js';
import { Problem } from './parts/loaded.js';
import { path } from './router.js';
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
    <p>
      There is no such page. <a href="/">To the board</a>
    </p>
  );
}

export function App() {
  if (phase.value === 'loading') return <p class="login soft">One moment…</p>;
  if (phase.value === 'login') return <Login />;
  if (phase.value === 'unreachable') {
    return (
      <main class="login">
        <Problem text="The switch cannot be reached." again={load} />
      </main>
    );
  }
  return <Frame>{pageAt(path.value)}</Frame>;
}
