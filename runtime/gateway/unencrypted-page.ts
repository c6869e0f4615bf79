/** What a browser sees on a plain HTTP address that is not its own computer's, and what helps. */

/** The page; `port` is where the switch listens, for the tunnel. */
export function unencryptedPage(host: string, port: number): string {
  const name = escaped(host.replace(/:\d+$/, ''));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>This address is not encrypted</title>
</head>
<body>
<h1>This address is not encrypted</h1>
<p>Everybody on the way between you and ${name} could read your messages and take your session,
so Patchboard does not sign anybody in here. Two ways that work:</p>
<h2>For you alone: through ssh</h2>
<pre>ssh -L ${port}:localhost:${port} ${name}</pre>
<p>Leave it running and open <a href="http://localhost:${port}/">http://localhost:${port}/</a>.</p>
<h2>For everybody: a proxy with TLS in front</h2>
<p>Let Caddy, nginx or another proxy with a certificate pass requests and WebSockets on to port
${port}, and tell Patchboard in patchboard.yaml:</p>
<pre>http:
  publicUrl: https://${name}
  trustProxy: [127.0.0.1]</pre>
<p>trustProxy is the address the proxy connects from.</p>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
