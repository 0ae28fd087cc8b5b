// An OpenID Connect issuer to judge `hypernetes login` by: node provider.mjs CERTIFICATE KEY PORT. Prints its URL when it serves.
// Whoever logs in with whatever password is that account, in the groups and tenants that the table below says.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Provider } from 'oidc-provider';

const [certificate, key, port] = process.argv.slice(2);
const people = {
  alice: { groups: ['developers', 'system:masters'], tenants: ['acme', 'blue', 'root'] },
  bob: { groups: [], tenants: [] },
};
const signing = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

let callback;
const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => callback(request, response));
server.listen(Number(port), '127.0.0.1', () => {
  const url = `https://127.0.0.1:${server.address().port}`;
  const provider = new Provider(url, {
    clients: ['kubernetes', 'cyan-people'].map((id) => ({
      client_id: id,
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
      redirect_uris: ['http://127.0.0.1/callback'],
    })),
    jwks: { keys: [{ ...signing, kid: randomUUID(), use: 'sig', alg: 'RS256' }] },
    claims: { openid: ['sub', 'groups', 'tenants'] },
    conformIdTokenClaims: false,
    cookies: { keys: [randomUUID()] },
    features: { devInteractions: { enabled: true }, deviceFlow: { enabled: true } },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
    // Ended for kubectl as soon as they are made, so that each use is a refresh.
    ttl: { IdToken: 60, AccessToken: 60, AuthorizationCode: 60, Interaction: 600, Session: 600, Grant: 600, DeviceCode: 600, RefreshToken: 600 },
  });
  callback = provider.callback();
  console.log(url);
});
