/** The page begins here. */

// First, so that what a part brings along wins over them.
import './style/tokens.css';
import './style/base.css';
import './style/parts.css';
import './style/pages.css';

import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './app.js';
import { takeDeliveries } from './server/deliveries.js';
import { connect } from './server/live.js';
import { forgetPhone, showPhone } from './server/practice.js';
import { begin, phase } from './server/session.js';

const root = document.getElementById('page');
// What stood there while the script was on its way.
root?.replaceChildren();
if (root !== null) render(<App />, root);

const stop = effect(() => {
  if (phase.value === 'login') forgetPhone();
  if (phase.value !== 'ready') return;
  takeDeliveries();
  showPhone();
  connect();
  queueMicrotask(() => stop());
});

void begin();
