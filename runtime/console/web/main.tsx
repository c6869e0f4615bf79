/** The page begins here. */

import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './app.js';
import { connect } from './server/live.js';
import { begin, phase } from './server/session.js';
import './style/tokens.css';
import './style/base.css';
import './style/parts.css';
import './style/pages.css';

const root = document.getElementById('page');
if (root !== null) render(<App />, root);

const stop = effect(() => {
  if (phase.value !== 'ready') return;
  connect();
  queueMicrotask(() => stop());
});

void begin();
