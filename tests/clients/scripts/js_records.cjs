// jsforce's calls on records, one and many, its queries and its descriptions.
'use strict';

const { connect, refusal, report } = require('./shared.cjs');

const conn = connect();
const key = 'External_Id__c';
const ids = {};
const names = (count) => Array.from({ length: count }, (_, n) => ({ Name: `N${n}` }));
const flags = (rows) => rows.map((row) => [row.success, row.errors?.[0]?.statusCode ?? null]);

report({
  'create one': async () => {
    const made = await conn.create('Account', { Name: 'Aurora', [key]: 'HD-1' });
    ids.one = made.id;
    return [made.success, made.errors];
  },
  'create many': async () => {
    const made = await conn.create('Account', [{ Name: 'B' }, { Phone: '1' }, { Name: 'C' }]);
    [ids.b, , ids.c] = made.map((row) => row.id);
    return flags(made);
  },
  'create more than a call takes': async () => {
    const made = await conn.create('Account', names(250), { allowRecursive: true });
    return [made.length, made.every((row) => row.success)];
  },
  'retrieve one': async () => (await conn.retrieve('Account', ids.one)).Name,
  'retrieve many': async () =>
    (await conn.retrieve('Account', [ids.c, ids.b], { fields: ['Name'] })).map((row) => row.Name),
  'update one': async () =>
    (await conn.update('Account', { Id: ids.one, Phone: '+48 1' })).success,
  'update many': async () =>
    flags(await conn.update('Account', [{ Id: ids.b, Name: 'B2' }, { Id: ids.c, Name: '' }])),
  'upsert one': async () => {
    const old = await conn.upsert('Account', { Name: 'Borealis', [key]: 'HD-1' }, key);
    const made = await conn.upsert('Account', { Name: 'Deneb', [key]: 'HD-2' }, key);
    return [old.success, old.created, made.success, made.created];
  },
  'upsert many': async () =>
    (
      await conn.upsert('Account', [{ Name: 'E', [key]: 'HD-3' }, { Name: 'F', [key]: 'HD-1' }], key)
    ).map((row) => row.created),
  'destroy one': async () => (await conn.destroy('Account', ids.b)).success,
  'destroy many': async () => flags(await conn.destroy('Account', [ids.c, ids.b])),
  query: async () => {
    const found = await conn.query('SELECT Id, Name FROM Account ORDER BY Name LIMIT 2');
    return [found.totalSize, found.done, found.records.map((row) => row.Name)];
  },
  'query in pages': async () => {
    const soql = 'SELECT Id FROM Account';
    const headers = { 'Sforce-Query-Options': 'batchSize=200' };
    let page = await conn.query(soql, { headers });
    const sizes = [page.records.length];
    while (!page.done) {
      page = await conn.queryMore(page.nextRecordsUrl, { headers });
      sizes.push(page.records.length);
    }
    return sizes;
  },
  'query with autoFetch': async () => {
    const seen = new Set();
    await conn
      .query('SELECT Id FROM Account')
      .on('record', (row) => seen.add(row.Id))
      .run({ autoFetch: true, maxFetch: 10000, headers: { 'Sforce-Query-Options': 'batchSize=200' } });
    return seen.size;
  },
  find: async () =>
    (
      await conn.sobject('Account').find({ [key]: { $like: 'HD-%' } }, ['Name']).sort({ Name: 1 })
    ).map((row) => row.Name),
  'with deleted': async () =>
    (await conn.query("SELECT Id FROM Account WHERE IsDeleted = true", { scanAll: true })).totalSize,
  updated: async () => {
    const now = Date.now();
    const span = [new Date(now - 3600e3), new Date(now + 120e3)];
    const changed = await conn.updated('Account', ...span);
    const gone = await conn.deleted('Account', ...span);
    return [changed.ids.length, gone.deletedRecords.map((row) => row.id).sort()[0] === ids.b];
  },
  describe: async () => {
    const described = await conn.describe('Order_Proposal__c');
    return [described.keyPrefix, described.fields.find((f) => f.name === 'Price__c').type];
  },
  describeGlobal: async () =>
    (await conn.describeGlobal()).sobjects.some((each) => each.name === 'Order_Proposal__c'),
  limits: async () => (await conn.limits()).DailyApiRequests.Max,
  usage: () => conn.limitInfo.apiUsage.limit,
  identity: async () => (await conn.identity()).username,
  tooling: async () => (await conn.tooling.query('SELECT Id FROM ApexClass')).totalSize,
  'anonymous code': async () => {
    const done = await conn.tooling.executeAnonymous('System.debug(1);');
    return [done.compiled, done.success, done.compileProblem];
  },
  apex: async () => (await refusal(() => conn.apex.get('/anything')))[0],
  search: async () =>
    (await conn.search('FIND {Den* OR E} RETURNING Account(Name ORDER BY Name)')).searchRecords.map(
      (row) => row.Name,
    ),
  'soap: create': async () => {
    const made = await conn.soap.create([{ type: 'Account', Name: 'Soap' }, { type: 'Account' }]);
    ids.soap = made[0].id;
    return flags(made);
  },
  'soap: update': async () =>
    (await conn.soap.update({ type: 'Account', Id: ids.soap, [key]: 'S-1' })).success,
  'soap: upsert': async () => {
    const record = { type: 'Account', Name: 'Soap 2', [key]: 'S-1' };
    return (await conn.soap.upsert(key, [record]))[0].created;
  },
  'soap: delete': async () => (await conn.soap.delete([ids.soap]))[0].success,
  'soap: undelete': async () => (await conn.soap.undelete([ids.soap]))[0].success,
  'soap: time': async () => Number.isNaN(Date.parse((await conn.soap.getServerTimestamp()).timestamp)),
  recent: async () => (await refusal(() => conn.recent()))[0],
  required: () => refusal(() => conn.create('Account', { Phone: '1' })),
  'no such field': async () => (await refusal(() => conn.query('SELECT Nmae FROM Account')))[0],
});
