# What programs written with Debian's python3-kubernetes do: create, watch, patch, exec, port-forward, elect a leader.
#   tour.py KUBECONFIG POD
import sys
import threading

from kubernetes import client, config, watch
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock
from kubernetes.stream import portforward, stream

kubeconfig, pod = sys.argv[1:]
config.load_kube_config(kubeconfig)
core = client.CoreV1Api()


def informer():
    heard = []
    seen = threading.Event()

    def follow(since):
        for event in watch.Watch().stream(
                core.list_namespaced_config_map, "default", label_selector="tour=python", resource_version=since, timeout_seconds=60):
            heard.append((event["type"], event["object"].data["colour"]))
            if event["type"] == "DELETED":
                seen.set()
                return

    since = core.list_namespaced_config_map("default", label_selector="tour=python").metadata.resource_version
    threading.Thread(target=follow, args=(since,), daemon=True).start()
    core.create_namespaced_config_map("default", client.V1ConfigMap(
        metadata=client.V1ObjectMeta(name="python", labels={"tour": "python"}), data={"colour": "red"}))
    core.patch_namespaced_config_map("python", "default", {"data": {"colour": "green"}})
    core.delete_namespaced_config_map("python", "default")
    assert seen.wait(60), heard
    assert heard == [("ADDED", "red"), ("MODIFIED", "green"), ("DELETED", "green")], heard


def execute():
    run = stream(core.connect_get_namespaced_pod_exec, pod, "default", command=["sh", "-c", "echo out; echo err >&2; exit 3"],
                 stdout=True, stderr=True, stdin=False, tty=False, _preload_content=False)
    run.run_forever(timeout=60)
    assert (run.read_stdout(), run.read_stderr(), run.returncode) == ("out\n", "err\n", 3)


def forward():
    forwarded = portforward(core.connect_get_namespaced_pod_portforward, pod, "default", ports="8080").socket(8080)
    forwarded.setblocking(True)
    forwarded.settimeout(60)
    forwarded.sendall(b"GET / HTTP/1.0\r\n\r\n")
    answer = b""
    while True:
        part = forwarded.recv(4096)
        if not part:
            break
        answer += part
    assert answer.endswith(b"from the pod\n"), answer


def elect():
    leading = threading.Event()
    lock = ConfigMapLock("python-leader", "default", "me")
    election = leaderelection.LeaderElection(electionconfig.Config(
        lock, lease_duration=15, renew_deadline=10, retry_period=1, onstarted_leading=leading.set, onstopped_leading=None))
    threading.Thread(target=election.run, daemon=True).start()
    assert leading.wait(60)
    held = core.read_namespaced_config_map("python-leader", "default").metadata.annotations
    assert '"holderIdentity": "me"' in held["control-plane.alpha.kubernetes.io/leader"], held


for step in (informer, execute, forward, elect):
    step()
    print(step.__name__, "ok", flush=True)
