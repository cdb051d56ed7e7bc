import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callerIdentity } from '../../functions/aws/caller-identity.ts';
import { startHttpStub } from '../support/http-stub.ts';

/** Makes STS give this reply, with test credentials. */
async function ask(status: number, body: string): Promise<string> {
  await using stub = await startHttpStub((_, response) => {
    response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_STS: stub.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
  return await callerIdentity();
}

function answer(result: string): string {
  const xmlns = 'https://sts.amazonaws.com/doc/2011-06-15/';
  return `<GetCallerIdentityResponse xmlns="${xmlns}"><GetCallerIdentityResult>${result}</GetCallerIdentityResult></GetCallerIdentityResponse>`;
}

test('the caller is the role that the credentials belong to', async () => {
  const arn = 'arn:aws:sts::123456789012:assumed-role/postmaster/ann';
  assert.equal(await ask(200, answer(`<Arn>${arn}</Arn><UserId>A</UserId><Account>123456789012</Account>`)), arn);
});

test('a caller that AWS does not know has no identity', async () => {
  const denied =
    '<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>expired</Message></Error></ErrorResponse>';
  await assert.rejects(ask(403, denied), /expired/);
  await assert.rejects(ask(200, answer('')), /AWS did not return a caller identity/);
});
