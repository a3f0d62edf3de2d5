// Every way in which jsforce logs in, and what it does when a session ends.
'use strict';

const { jsforce, line, url, connect, refusal, report } = require('./shared.cjs');

const client = { clientId: line.client_id, clientSecret: line.client_secret, loginUrl: url };
const password = line.password + line.security_token;

const describe = async (conn) => {
  const who = await conn.identity();
  return [conn.instanceUrl, who.username, who.organization_id === line.access_token.split('!')[0]];
};

const revoke = (token) =>
  fetch(`${url}/services/oauth2/revoke`, {
    method: 'POST',
    body: new URLSearchParams({ token }),
  });

report({
  soap: async () => {
    const conn = new jsforce.Connection({ loginUrl: url });
    const user = await conn.login(line.username, password);
    return [...(await describe(conn)), user.id.slice(0, 3)];
  },
  'password grant': async () => {
    const conn = new jsforce.Connection({ oauth2: client, instanceUrl: url });
    await conn.login(line.username, password);
    return describe(conn);
  },
  'client credentials': async () => {
    const conn = new jsforce.Connection({ oauth2: client, instanceUrl: url });
    await conn.authorize({ grant_type: 'client_credentials' });
    return describe(conn);
  },
  token: () => describe(connect()),
  'wrong password': () =>
    refusal(() => new jsforce.Connection({ loginUrl: url }).login(line.username, 'wrong')),
  refresh: async () => {
    const conn = connect({
      oauth2: client,
      accessToken: '00D000000000001!expired',
      refreshToken: line.refresh_token,
    });
    const renewed = [];
    conn.on('refresh', (token) => renewed.push(token === conn.accessToken));
    const found = await conn.query('SELECT COUNT() FROM Account');
    return [found.totalSize, renewed];
  },
  'login again': async () => {
    const conn = new jsforce.Connection({ loginUrl: url });
    await conn.login(line.username, password);
    await revoke(conn.accessToken);
    return (await conn.query('SELECT COUNT() FROM Account')).totalSize;
  },
  'token only': () =>
    refusal(() => connect({ accessToken: '00D000000000001!x' }).query('SELECT Id FROM Account')),
  'logout of oauth': async () => {
    const conn = new jsforce.Connection({ oauth2: client, instanceUrl: url });
    await conn.authorize({ grant_type: 'client_credentials' });
    const token = conn.accessToken;
    await conn.logout();
    return (await refusal(() => connect({ accessToken: token }).identity()))[0];
  },
  'logout of soap': async () => {
    const conn = new jsforce.Connection({ loginUrl: url });
    await conn.login(line.username, password);
    const token = conn.accessToken;
    await conn.logout();
    return (await refusal(() => connect({ accessToken: token }).describeGlobal()))[0];
  },
  getUserInfo: async () => {
    const info = await connect().soap.getUserInfo();
    return [info.userName, info.organizationName, info.userTimeZone, info.organizationMultiCurrency];
  },
});
