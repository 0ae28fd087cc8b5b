// What programs written with @kubernetes/client-node do: create, watch, patch, exec, port-forward, hold a lease.
//   tour.mjs KUBECONFIG POD
import assert from 'node:assert/strict';
import net from 'node:net';
import { Writable } from 'node:stream';
import * as k8s from '@kubernetes/client-node';

const [kubeconfig, pod] = process.argv.slice(2);
const config = new k8s.KubeConfig();
config.loadFromFile(kubeconfig);
const core = config.makeApiClient(k8s.CoreV1Api);

function collected() {
  const parts = [];
  const sink = new Writable({ write(chunk, _, done) { parts.push(chunk); done(); } });
  sink.text = () => Buffer.concat(parts).toString();
  return sink;
}

function within(seconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`${what} took longer than ${seconds} s`)), seconds * 1000); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function informer() {
  const heard = [];
  const list = () => core.listNamespacedConfigMap({ namespace: 'default', labelSelector: 'tour=node' });
  const made = k8s.makeInformer(config, '/api/v1/namespaces/default/configmaps', list, 'tour=node');
  const gone = new Promise((resolve) => {
    made.on('add', (each) => heard.push(`added ${each.data.colour}`));
    made.on('update', (each) => heard.push(`updated ${each.data.colour}`));
    made.on('delete', (each) => { heard.push(`deleted ${each.data.colour}`); resolve(); });
  });
  await made.start();
  await core.createNamespacedConfigMap({ namespace: 'default', body: { metadata: { name: 'node', labels: { tour: 'node' } }, data: { colour: 'red' } } });
  await core.patchNamespacedConfigMap(
    { name: 'node', namespace: 'default', body: { data: { colour: 'green' } } },
    k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch));
  await core.deleteNamespacedConfigMap({ name: 'node', namespace: 'default' });
  await within(60, 'the informer', gone);
  await made.stop();
  assert.deepEqual(heard, ['added red', 'updated green', 'deleted green']);
}

async function exec() {
  const out = collected();
  const err = collected();
  const status = await within(60, 'exec', new Promise((resolve, reject) => {
    new k8s.Exec(config).exec('default', pod, 'main', ['sh', '-c', 'echo out; echo err >&2; exit 3'], out, err, null, false, resolve).catch(reject);
  }));
  assert.equal(out.text(), 'out\n');
  assert.equal(err.text(), 'err\n');
  assert.equal(status.details.causes.find((cause) => cause.reason === 'ExitCode').message, '3');
}

async function portForward() {
  const forward = new k8s.PortForward(config);
  const server = net.createServer((socket) => forward.portForward('default', pod, [8080], socket, null, socket));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const answer = await within(60, 'port-forward', fetch(`http://127.0.0.1:${server.address().port}/`).then((each) => each.text()));
    assert.equal(answer, 'from the pod\n');
  } finally {
    server.closeAllConnections?.();
    server.close();
  }
}

// The library has no leader election; this is what those who write one do.
async function lease() {
  const coordination = config.makeApiClient(k8s.CoordinationV1Api);
  const now = new k8s.V1MicroTime();
  const made = await coordination.createNamespacedLease({
    namespace: 'default',
    body: { metadata: { name: 'node-leader' }, spec: { holderIdentity: 'me', leaseDurationSeconds: 15, acquireTime: now, renewTime: now } },
  });
  const other = structuredClone({ metadata: { name: 'node-leader', resourceVersion: made.metadata.resourceVersion }, spec: { holderIdentity: 'other' } });
  made.spec.leaseTransitions = 1;
  await coordination.replaceNamespacedLease({ name: 'node-leader', namespace: 'default', body: made });
  // Whoever read the older version has lost.
  await assert.rejects(coordination.replaceNamespacedLease({ name: 'node-leader', namespace: 'default', body: other }), (error) => error.code === 409);
}

for (const step of [informer, exec, portForward, lease]) {
  await step();
  console.log(step.name, 'ok');
}
process.exit(0);
