// A mail server for tests: prints its port, then a line of JSON for each mail. It refuses recipients called `nobody`.
import { createServer } from 'node:net';

const server = createServer((socket) => {
  let rest = '';
  let mail = { from: '', to: [], data: '' };
  let inData = false;
  const say = (line) => socket.write(`${line}\r\n`);
  say('220 mail.example ready');
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1');
    for (;;) {
      if (inData) {
        const end = rest.indexOf('\r\n.\r\n');
        if (end < 0) return;
        mail.data = rest.slice(0, end);
        rest = rest.slice(end + 5);
        inData = false;
        process.stdout.write(`${JSON.stringify(mail)}\n`);
        mail = { from: '', to: [], data: '' };
        say('250 taken');
        continue;
      }
      const end = rest.indexOf('\r\n');
      if (end < 0) return;
      const line = rest.slice(0, end);
      rest = rest.slice(end + 2);
      const address = /<([^>]*)>/.exec(line)?.[1] ?? '';
      if (/^(EHLO|HELO|NOOP|RSET)/i.test(line)) say('250 mail.example');
      else if (/^MAIL/i.test(line)) {
        mail.from = address;
        say('250 ok');
      } else if (/^RCPT/i.test(line)) {
        if (address.startsWith('nobody')) say('550 no such user');
        else {
          mail.to.push(address);
          say('250 ok');
        }
      } else if (/^DATA/i.test(line)) {
        inData = true;
        say('354 go on');
      } else if (/^QUIT/i.test(line)) {
        say('221 bye');
        socket.end();
      } else say('502 unknown');
    }
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
