// SPDX-License-Identifier: Apache-2.0
// Calls with the official SDKs: each line of standard input is one, as JSON, and answered by one.
//
// sdk: pop (RPC signature 1.0), openapi (V3, any action), ecs4 and ecs7 (V3, typed, two
// generations), credentials (instance role from metadata).  The packages are found in
// $ECS_PUBIP_SDK/node_modules.

'use strict';

const path = require('path');
const load = (name) => require(path.join(process.env.ECS_PUBIP_SDK, 'node_modules', name));

const LOG = console.log;
console.log = console.error;    // whatever an SDK has to say, the answers stay apart

function config(job, kind) {
  const { Config } = load(kind);
  return new Config({
    accessKeyId: job.id,
    accessKeySecret: job.secret,
    securityToken: job.token || undefined,
    endpoint: job.host,
    regionId: 'cn-hangzhou',
  });
}

function pop(job) {
  const Core = load('@alicloud/pop-core');
  const client = new Core({
    accessKeyId: job.id,
    accessKeySecret: job.secret,
    securityToken: job.token || undefined,
    endpoint: 'https://' + job.host,
    apiVersion: job.version,
  });
  return client.request(job.action, job.params, { method: job.method });
}

async function openapi(job) {
  const { default: Client, Params, OpenApiRequest } = load('@alicloud/openapi-client');
  const { RuntimeOptions } = load('@alicloud/tea-util');
  const params = new Params({
    action: job.action, version: job.version, protocol: 'HTTPS', pathname: '/',
    method: job.method, authType: 'AK', style: 'RPC', reqBodyType: 'formData', bodyType: 'json',
  });
  const request = new OpenApiRequest(job.body ? { body: job.params } : { query: job.params });
  const answer = await new Client(config(job, '@alicloud/openapi-client'))
    .callApi(params, request, new RuntimeOptions({ autoretry: false }));
  return answer.body;
}

async function typed(job, name, configKind) {
  const module = load(name);
  const Request = module[job.action + 'Request'];
  const client = new module.default(config(job, configKind));
  const method = job.action[0].toLowerCase() + job.action.slice(1);
  const request = new Request();
  for (const [key, value] of Object.entries(job.params)) {
    request[key[0].toLowerCase() + key.slice(1)] = value;
  }
  return (await client[method](request)).body;
}

async function credentials(job) {
  const { default: Credential, Config } = load('@alicloud/credentials');
  const credential = new Credential(new Config({
    type: 'ecs_ram_role', roleName: job.role, disableIMDSv1: job.tokenOnly }));
  const found = await credential.getCredential();
  return { id: found.accessKeyId, secret: found.accessKeySecret, token: found.securityToken };
}

const SDKS = {
  pop,
  openapi,
  ecs4: (job) => typed(job, '@alicloud/ecs20140526', '@alicloud/openapi-client'),
  ecs7: (job) => typed(job, 'ecs20140526-newest', '@alicloud/openapi-core/dist/utils'),
  credentials,
};

async function answer(job) {
  try {
    return { ok: await SDKS[job.sdk](job) };
  } catch (error) {
    return {
      error: { code: error.code, message: String(error.message), status: error.statusCode } };
  }
}

async function main() {
  for await (const line of require('readline').createInterface({ input: process.stdin })) {
    LOG(JSON.stringify(await answer(JSON.parse(line))));
  }
}

main();
