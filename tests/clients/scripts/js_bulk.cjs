// jsforce's clients of both bulk APIs.
'use strict';

const { connect, refusal, report } = require('./shared.cjs');

const conn = connect();
const key = 'External_Id__c';
const soql = "SELECT Id, Name FROM Account WHERE Name LIKE 'N%' ORDER BY Name";
const rows = (count) => Array.from({ length: count }, (_, n) => ({ Name: `N${n}`, [key]: `N${n}` }));
for (const api of [conn.bulk, conn.bulk2]) Object.assign(api, { pollInterval: 50, pollTimeout: 60000 });

const collect = async (stream) => {
  const found = [];
  stream.on('record', (row) => found.push(row));
  await new Promise((done, fail) => stream.on('end', done).on('error', fail));
  return found;
};

report({
  'first api: insert': async () =>
    (await conn.bulk.load('Account', 'insert', [...rows(3), { Name: '' }])).map((row) => [
      row.success,
      row.errors,
    ]),
  'first api: upsert': async () =>
    (
      await conn.bulk.load('Account', 'upsert', { extIdField: key }, [
        { Name: 'Nova', [key]: 'N0' },
        { Name: 'Nix', [key]: 'N9' },
      ])
    ).map((row) => row.success),
  'first api: query': async () =>
    (await collect(await conn.bulk.query(soql))).map((row) => row.Name),
  'first api: job': async () => {
    const job = conn.bulk.createJob('Account', 'delete');
    const info = await job.open();
    await job.abort();
    return [info.state, info.contentType, (await job.check()).state];
  },
  'first api: delete': async () => {
    const found = await conn.query("SELECT Id FROM Account WHERE Name = 'Nix'");
    const done = await conn.bulk.load('Account', 'delete', found.records.map(({ Id }) => ({ Id })));
    return done.map((row) => row.success);
  },
  'second api: load': async () => {
    const done = await conn.bulk2.loadAndWaitForResults({
      object: 'Account',
      operation: 'insert',
      input: [...rows(5).map((row) => ({ ...row, [key]: `M${row.Name}` })), { Name: '', [key]: '' }],
    });
    return [
      done.successfulResults.length,
      done.failedResults.map((row) => row.sf__Error),
      done.unprocessedRecords.length,
    ];
  },
  'second api: steps': async () => {
    const job = conn.bulk2.createJob({
      object: 'Account',
      operation: 'upsert',
      externalIdFieldName: key,
    });
    const opened = await job.open();
    await job.uploadData(`Name,${key}\nLast,L-1\n`);
    await job.close();
    await job.poll(50, 60000);
    const { state, numberRecordsProcessed } = await job.check();
    const [row] = await job.getSuccessfulResults();
    await job.delete();
    const gone = (await refusal(() => job.check()))[0];
    return [opened.state, state, numberRecordsProcessed, row.sf__Created, gone];
  },
  'second api: abort': async () => {
    const job = conn.bulk2.createJob({ object: 'Account', operation: 'insert' });
    await job.open();
    await job.abort();
    return (await job.check()).state;
  },
  'second api: query': async () => {
    const found = await collect(await conn.bulk2.query(soql));
    return [found.length, new Set(found.map((row) => row.Id)).size];
  },
  'second api: refused': async () =>
    (await refusal(() => conn.bulk2.query('SELECT COUNT() FROM Account')))[0],
});
