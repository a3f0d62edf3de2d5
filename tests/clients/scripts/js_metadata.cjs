// jsforce's client of the Metadata API; the zip to deploy is its argument.
'use strict';

const fs = require('node:fs');
const { connect, refusal, report } = require('./shared.cjs');

const conn = connect();
Object.assign(conn.metadata, { pollInterval: 50, pollTimeout: 60000 });
const archive = fs.readFileSync(process.argv[2]);
const hasObject = async () =>
  (await conn.describeGlobal()).sobjects.some((each) => each.name === 'Order_Proposal__c');
const show = (done) => [done.status, done.success, done.checkOnly, Number(done.numberComponentErrors)];

report({
  before: hasObject,
  validated: async () =>
    show(await conn.metadata.deploy(archive, { checkOnly: true, singlePackage: true }).complete()),
  'after validation': hasObject,
  deployed: async () =>
    show(
      await conn.metadata
        .deploy(archive, { rollbackOnError: true, singlePackage: true })
        .complete({ details: true }),
    ),
  after: hasObject,
  'deployed by rest': async () => {
    const locator = conn.metadata.deployRest(archive, { rollbackOnError: true });
    return show(await locator.complete({ details: true }));
  },
  listed: async () => {
    const found = await conn.metadata.list([{ type: 'CustomPermission' }], '59.0');
    return found.map((each) => each.fullName).sort();
  },
  described: async () =>
    (await conn.metadata.describe('59.0')).metadataObjects.some((m) => m.xmlName === 'CustomObject'),
  retrieved: async () => {
    const found = await conn.metadata
      .retrieve({
        apiVersion: '59.0',
        singlePackage: true,
        unpackaged: { types: { name: 'CustomPermission', members: '*' }, version: '59.0' },
      })
      .complete();
    return [found.status, found.fileProperties.map((each) => each.fileName).sort()];
  },
  'read by name': async () => (await refusal(() => conn.metadata.read('CustomObject', 'Account')))[0],
});
