// What the programs of jsforce share: the org's start line, a connection, a report.
'use strict';

const jsforce = require('jsforce');

const line = JSON.parse(process.env.ORG);
const url = process.env.SCHEME === 'https' ? line.tls_url : line.url;

/** A connection with the administrator's token, as its documentation makes one. */
const connect = (more = {}) =>
  new jsforce.Connection({
    instanceUrl: url,
    loginUrl: url,
    accessToken: line.access_token,
    version: '59.0',
    ...more,
  });

/** The code and message with which a call was refused; null when it was not. */
const refusal = async (call) => {
  try {
    await call();
    return null;
  } catch (error) {
    return [error.errorCode ?? error.name, error.message];
  }
};

/** Runs the steps one after the other and prints what each gave, by its name. */
const report = async (steps) => {
  const seen = {};
  for (const [name, step] of Object.entries(steps)) seen[name] = await step();
  process.stdout.write(JSON.stringify(seen));
};

module.exports = { jsforce, line, url, connect, refusal, report };
