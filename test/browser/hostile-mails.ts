/**
 * Mails that try to run, to fetch, to be something else. Each names the trap, a server on this
 * computer that notes who asks it for anything.
 */

export interface HostileMail {
  readonly name: string;
  readonly mime: string;
}

function html(body: string): string {
  return `MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n${body}`;
}

function withPart(head: string, content: string): string {
  return [
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/html; charset=utf-8',
    '',
    '<p>Look at this.</p><img src="cid:evil">',
    '--b',
    head,
    '',
    content,
    '--b--',
    '',
  ].join('\r\n');
}

const RUN = "top.document.title='pwned';top.pwned=parent.pwned=1;fetch('TRAP/ran')";

const SNIPPETS: Readonly<Record<string, string>> = {
  scripts: `<script>${RUN}</script><script src="TRAP/x.js"></script><p>text</p>`,
  handlers: `<img src=x onerror="${RUN}"><body onload="${RUN}"><details open ontoggle="${RUN}">x`,
  'script links': `<a href="javascript:${RUN}">here</a><a href=" java&#10;script:${RUN}">or here</a>
    <a href="data:text/html,<script>${RUN}</script>">or there</a>`,
  forms: `<form action="TRAP/form"><input name=q autofocus onfocus="${RUN}">
    <button>go</button></form>
    <button formaction="TRAP/button">go</button>`,
  frames: `<iframe src="TRAP/frame"></iframe><iframe srcdoc="<script>${RUN}</script>"></iframe>
    <object data="TRAP/object"></object><embed src="TRAP/embed"><applet code="TRAP/applet">`,
  svg: `<svg onload="${RUN}"><image href="TRAP/svg.png"/><use href="TRAP/use.svg#x"/>
    <foreignObject><script>${RUN}</script></foreignObject></svg>
    <math href="javascript:${RUN}">x</math>`,
  'a style sheet that tells': `<link rel=stylesheet href="TRAP/style.css"><style>
    @import "TRAP/in.css";
    input[value^=a]{background:url(TRAP/leak?a)} body{background:url('TRAP/bg.png')}</style>
    <div style="background:url(TRAP/inline.png);position:fixed;inset:0">covers</div>`,
  'pictures that tell': `<img src="TRAP/pixel.png"><img srcset="TRAP/set.png 2x">
    <table background="TRAP/table.png"><tr><td>x</table>
    <video poster="TRAP/poster.png" src="TRAP/v">
    <input type=image src="TRAP/input.png"><picture><source srcset="TRAP/pic.png"><img></picture>`,
  'another base': `<base href="TRAP/"><img src="based.png"><meta http-equiv=refresh
    content="0;url=TRAP/refresh"><meta http-equiv="Set-Cookie" content="pb=x">
    <link rel=preload href="TRAP/pre" as=fetch><link rel=dns-prefetch href="TRAP">`,
  'broken out of': `</body></html></iframe></div><script>${RUN}</script><!--<img src="--><img src=x
    onerror="${RUN}">`,
  'parsed twice': `<noscript><p title="</noscript><img src=x onerror='${RUN}'>"></noscript>
    <svg></p><style><a id="</style><img src=1 onerror='${RUN}'>">`,
};

function rightToLeft(): string {
  const subject = Buffer.from('invoice \u202Egpj.exe\u202C').toString('base64');
  return `Subject: =?utf-8?B?${subject}?=\r\n`;
}

/** All of them; TRAP is replaced by `trap`, "http://127.0.0.1:1234". */
export function hostileMails(trap: string): HostileMail[] {
  const mails = Object.entries(SNIPPETS).map(([name, body]) => ({ name, mime: html(body) }));
  const huge = `<table>${'<tr><td><b><i>x'.repeat(60_000)}</table><script>${RUN}</script>`;
  const deep = `${'<div><blockquote>'.repeat(20_000)}<script>${RUN}</script>`;
  return [
    ...mails,
    { name: 'huge HTML', mime: html(huge.replace(/(.{900})/g, '$1\r\n')) },
    { name: 'deep HTML', mime: html(deep.replace(/(.{900})/g, '$1\r\n')) },
    {
      name: 'an attachment that is a page',
      mime: withPart(
        'Content-Type: text/html; name="../../index.html"\r\nContent-ID: <evil>',
        `<script>${RUN}</script>`,
      ),
    },
    {
      name: 'an attachment that is a drawing',
      mime: withPart(
        'Content-Type: image/svg+xml; name="pay.svg"\r\nContent-ID: <evil>',
        `<svg xmlns="http://www.w3.org/2000/svg"><script>${RUN}</script></svg>`,
      ),
    },
    {
      name: 'a name that lies',
      mime: `${rightToLeft()}${withPart(
        'Content-Type: application/octet-stream\r\n' +
          "Content-Disposition: attachment; filename*=utf-8''photo%E2%80%AEgpj.exe",
        'MZ',
      )}`,
    },
  ].map(({ name, mime }) => ({
    name,
    mime: mime.replaceAll('TRAP', trap).replaceAll(/\r?\n/g, '\r\n'),
  }));
}
