package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// Two tenants on one node, seen by root inside a machine of each: wires, services, names, and the door to the API server.
@ExtendWith(SharedCluster.class)
class TenantNetworkTest {
    private static final String MAUVE = "mauve", OCHRE = "ochre";

    /// A pod with all rights in its machine, which serves its tenant's name on port 8080 and is probed there.
    private static String pod(String name, String tenant) {
        return """
                apiVersion: v1
                kind: Pod
                metadata: {name: %s, labels: {app: web}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: main
                    image: %s
                    securityContext: {privileged: true}
                    command: [sh, -c, "mkdir /www; echo %s > /www/index.html; exec httpd -f -p 8080 -h /www"]
                    readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
                """.formatted(name, Cluster.SAMPLE, tenant);
    }

    private static String service(String address) {
        return """
                apiVersion: v1
                kind: Service
                metadata: {name: site}
                spec:
                  ports: [{name: http, port: 80, targetPort: 8080}]
                ---
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata: {name: site-1, labels: {kubernetes.io/service-name: site}}
                addressType: IPv4
                ports: [{name: http, port: 8080, protocol: TCP}]
                endpoints: [{addresses: [%s], conditions: {ready: true}}]
                """.formatted(address);
    }

    @TempDir
    static Path folder;

    @Test
    @Tag("multi-tenancy#1201")
    void eachTenantHasWiresServicesAndADoorOfItsOwn(Cluster cluster) throws IOException {
        for (String tenant : List.of(MAUVE, OCHRE)) {
            cluster.apply("{apiVersion: hypernetes.io/v1, kind: Tenant, metadata: {name: " + tenant + "}}");
            cluster.applyOf(tenant, pod("web", tenant));
        }
        cluster.applyOf(OCHRE, """
                {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: kept}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 100Mi}}}}
                ---
                """ + pod("more", OCHRE) + """
                    volumeMounts: [{name: kept, mountPath: /kept}]
                  volumes: [{name: kept, persistentVolumeClaim: {claimName: kept}}]
                """);
        String address = "";
        for (String tenant : List.of(MAUVE, OCHRE)) {
            // Ready means that the probe came through the tenant's gateway.
            Awaitility.await().atMost(Duration.ofSeconds(90)).untilAsserted(() -> assertThat(
                            cluster.kubectlOf(tenant, "get", "pods", "--no-headers").ok())
                    .containsPattern("web\\s+1/1\\s+Running"));
            String its = cluster.kubectlOf(tenant, "get", "pod", "web", "-o", "jsonpath={.status.podIP}").ok();
            assertThat(its).startsWith(cluster.podAddressesPrefix());
            assertThat(address.isEmpty() || address.equals(its)).as("two pods with one address").isTrue();
            address = its;
            cluster.applyOf(tenant, service(its));
        }
        Awaitility.await().atMost(Duration.ofSeconds(90)).untilAsserted(() -> assertThat(
                        cluster.kubectlOf(OCHRE, "get", "pods", "--no-headers").ok())
                .containsPattern("more\\s+1/1\\s+Running"));
        // An address that the one tenant has and the other has not.
        String others = cluster.kubectlOf(OCHRE, "get", "pod", "more", "-o", "jsonpath={.status.podIP}").ok();
        String neighbour = address.replaceFirst("\\d+$", "") + (others.endsWith(".7") ? "8" : "7");
        String gateway = address.replaceFirst("\\d+$", "1");
        String host = cluster.kubectl("get", "nodes", "-o", "jsonpath={.items[0].status.addresses[?(@.type==\"InternalIP\")].address}");

        aDisk(cluster);
        servicesAndNames(cluster);
        othersServices(cluster, others);
        theDoor(cluster);
        scans(cluster, gateway, host, neighbour);
        sweeps(cluster, address, gateway, others);
        lies(cluster, gateway, address, neighbour);
        claims(cluster, others);
        forgeries(cluster, address, gateway, others);
    }

    /// A tenant's claim is a disk of its own pod, and nobody else sees claim or volume.
    private static void aDisk(Cluster cluster) {
        assertThat(cluster.kubectlOf(OCHRE, "get", "pvc", "kept", "--no-headers").ok()).containsPattern("Bound +pvc-[0-9a-f-]+ +100Mi +RWO +local");
        assertThat(cluster.kubectlOf(OCHRE, "exec", "more", "--", "sh", "-c", "grep ' /kept ' /proc/mounts | cut -d' ' -f3; echo ochre > /kept/name; cat /kept/name").ok()).isEqualTo("ext4\nochre\n");
        String volume = cluster.kubectlOf(OCHRE, "get", "pvc", "kept", "-o", "jsonpath={.spec.volumeName}").ok();
        assertThat(cluster.kubectlOf(MAUVE, "get", "pv", volume).err()).contains("NotFound");
        assertThat(cluster.kubectlRun("get", "pv", volume).err()).contains("NotFound");
        String uid = cluster.kubectlRun("get", "tenant", OCHRE, "-o", "jsonpath={.metadata.uid}").ok();
        assertThat(cluster.root.resolve("lib/node/kubelet/volumes/" + OCHRE + "." + uid + "/" + volume + ".disk")).exists();
    }

    /// Everything asked at once that has, or may have, an address on the node: only the tenant's own gateway answers.
    private static void sweeps(Cluster cluster, String address, String gateway, String others) {
        assertThat(inside(cluster, OCHRE, "timeout 5 wget -q -O - http://" + others + ":8080/")).as("its own tenant reaches it").isEqualTo(OCHRE + "\n");
        assertThat(inside(cluster, MAUVE, "ping -c 1 -W 1 " + others + " >/dev/null && echo heard; nc -w 1 " + others + " 8080 </dev/null && echo open; echo asked"))
                .as("the other tenant's pod").isEqualTo("asked\n");
        String range = address.replaceFirst("\\d+$", "");
        String script = """
                for n in $(seq 1 24); do
                  [ %1$s$n != %2$s ] && arping -c 1 -w 1 -I eth0 %1$s$n 2>/dev/null | grep -q 'reply from' && echo arp $n >> /tmp/seen &
                  for port in 22 %3$s %4$s 8080; do nc -w 1 100.126.0.$n $port </dev/null >/dev/null 2>&1 && echo open 100.126.0.$n:$port >> /tmp/seen & done
                done
                nc -w 1 169.254.169.254 80 </dev/null >/dev/null 2>&1 && echo metadata >> /tmp/seen &
                wait
                sort -u /tmp/seen
                """.formatted(range, address, cluster.setting("api-port"), cluster.setting("kubelet-port"));
        assertThat(inside(cluster, MAUVE, script)).as("who answers to whom").isEqualTo("arp " + gateway.substring(range.length()) + "\n");
    }

    /// Whoever says on its wire that it has the other tenant's address takes nothing from it.
    private static void claims(Cluster cluster, String others) {
        assertThat(inside(cluster, MAUVE, "ip addr add " + others + "/32 dev eth0; arping -U -c 2 -w 2 -I eth0 " + others + " >/dev/null; ip addr del " + others + "/32 dev eth0; echo claimed"))
                .isEqualTo("claimed\n");
        assertThat(inside(cluster, OCHRE, "timeout 5 wget -q -O - http://" + others + ":8080/")).isEqualTo(OCHRE + "\n");
    }

    /// Frames of all kinds, made by hand: none gets onto a wire of another tenant's or of the operator's pods, where what belongs there is seen.
    private static void forgeries(Cluster cluster, String address, String gateway, String others) throws IOException {
        Path sender = Files.copy(Cluster.checkout().resolve("acceptance/src/test/resources/io/hypernetes/acceptance/send.c"), folder.resolve("send.c"));
        Run.of("musl-gcc", "-static", "-Os", "-s", "-o", folder.resolve("send").toString(), sender.toString()).ok();
        cluster.execOf(MAUVE, "web", Files.readAllBytes(folder.resolve("send")), "sh", "-c", "cat > /send && chmod +x /send").ok();

        String bridge = cluster.bridge(), namespace = bridge + "." + OCHRE;
        List<String> there = List.of("ip", "netns", "exec", namespace);
        String operators = cluster.kubectl("get", "pod", "first-light", "-o", "jsonpath={.status.podIP}");
        String number = cluster.kubectl("get", "tenant", OCHRE, "-o", "jsonpath={.metadata.annotations['hypernetes\\.io/segment']}");
        List<String> routers = Run.of("sh", "-c", "ip -o -4 addr; ip -n " + namespace + " -o -4 addr").ok().lines()
                .map(line -> line.replaceFirst("^\\d+: \\S+ +inet ([0-9.]+).*", "$1")).distinct().toList();
        assertThat(routers).contains("127.0.0.1", gateway).hasSizeGreaterThan(4);
        List<String> frames = Frames.forged(
                "forged-by-mauve", new Frames.Place(mac(address), address), new Frames.Place(mac(gateway), gateway),
                List.of(new Frames.Place(mac(others), others), new Frames.Place(mac(address), address), new Frames.Place(mac(operators), operators)), routers, 4789, Integer.parseInt(number));
        try (FrameWatch own = new FrameWatch(List.of("ip", "netns", "exec", bridge + "." + MAUVE), "forged-by-mauve");
                FrameWatch theirs = new FrameWatch(there, "forged-by-mauve", "sent-by-ochre");
                FrameWatch hosts = new FrameWatch(List.of(), "forged-by-mauve", "sent-by-the-host")) {
            assertThat(cluster.execOf(MAUVE, "web", (String.join("\n", frames) + "\n").getBytes(StandardCharsets.US_ASCII), "/send", "eth0").ok()).isEqualTo(frames.size() + "\n");
            own.until("forged-by-mauve", bridge);
            inside(cluster, OCHRE, "timeout 5 wget -q -O - http://" + others + ":8080/sent-by-ochre");
            try (DatagramSocket socket = new DatagramSocket()) {
                byte[] mark = "sent-by-the-host".getBytes(StandardCharsets.US_ASCII);
                socket.send(new DatagramPacket(mark, mark.length, new InetSocketAddress(operators, 9)));
            }
            // Taps are named after the bridge, and end in hexadecimal digits, as wires do not.
            assertThat(theirs.until("sent-by-ochre", bridge)).noneMatch(seen -> seen.contains("forged"));
            assertThat(hosts.until("sent-by-the-host", bridge)).noneMatch(seen -> seen.startsWith(bridge) && !seen.startsWith(bridge + "u") && seen.contains("forged"));
        }
    }

    /// The hardware address that follows from an address of pods.
    private static String mac(String address) {
        StringBuilder mac = new StringBuilder("0a:58");
        for (String part : address.split("\\.")) {
            mac.append(String.format(":%02x", Integer.parseInt(part)));
        }
        return mac.toString();
    }

    @AfterAll
    static void remove(Cluster cluster) {
        cluster.kubectl("delete", "tenant", MAUVE, OCHRE, "--ignore-not-found", "--timeout=90s");
        String[] folders = cluster.root.resolve("lib/node/kubelet/volumes").toFile().list((folder, name) -> name.startsWith(OCHRE + "."));
        for (String name : folders == null ? new String[0] : folders) {
            assertThat(cluster.root.resolve("lib/node/kubelet/volumes").resolve(name)).isEmptyDirectory();
        }
    }

    private static void servicesAndNames(Cluster cluster) {
        for (String tenant : List.of(MAUVE, OCHRE)) {
            Awaitility.await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertThat(
                            inside(cluster, tenant, "timeout 5 wget -q -O - http://site/"))
                    .isEqualTo(tenant + "\n"));
            assertThat(inside(cluster, tenant, "timeout 5 wget -q -O - http://site.default.svc.cluster.local/")).isEqualTo(tenant + "\n");
            assertThat(inside(cluster, tenant, "cat /etc/resolv.conf"))
                    .contains("nameserver 10.96.0.10", "search default.svc.cluster.local svc.cluster.local cluster.local", "options ndots:5");
            String its = cluster.kubectlOf(tenant, "get", "service", "site", "-o", "jsonpath={.spec.clusterIP}").ok();
            assertThat(inside(cluster, tenant, "nslookup site.default.svc.cluster.local")).contains("Address: " + its);
            assertThat(inside(cluster, tenant, "timeout 5 wget -q -O - http://" + its + ":81/ 2>&1")).as("a port that the service has not").contains("refused");
        }
    }

    /// Services, namespaces and pods that the other tenant alone has: their names do not exist, and their addresses are like those that nobody has.
    private static void othersServices(Cluster cluster, String others) {
        String vault = "10.100.200.7";
        cluster.applyOf(OCHRE, """
                {apiVersion: v1, kind: Namespace, metadata: {name: cellar}}
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: vault, namespace: cellar}
                spec: {clusterIP: %s, ports: [{name: http, port: 80, targetPort: 8080}, {name: dns, port: 53, protocol: UDP}]}
                ---
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata: {name: vault-1, namespace: cellar, labels: {kubernetes.io/service-name: vault}}
                addressType: IPv4
                ports: [{name: http, port: 8080, protocol: TCP}, {name: dns, port: 8080, protocol: UDP}]
                endpoints: [{addresses: [%s], hostname: keeper, conditions: {ready: true}}]
                """.formatted(vault, others));
        String reversed = "7.200.100.10.in-addr.arpa";
        List<String> names = List.of("vault.cellar.svc.cluster.local", "keeper.vault.cellar.svc.cluster.local", "cellar.svc.cluster.local", "vault.cellar.svc." + OCHRE + ".cluster.local");
        Awaitility.await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertThat(
                        inside(cluster, OCHRE, "timeout 5 wget -q -O - http://vault.cellar/"))
                .isEqualTo(OCHRE + "\n"));
        assertThat(inside(cluster, OCHRE, "nslookup " + names.getFirst() + "; nslookup -type=ptr " + reversed)).contains("Address: " + vault, "name = vault.cellar.svc.cluster.local");
        for (String name : names) {
            assertThat(inside(cluster, MAUVE, "nslookup " + name + " 2>&1; nslookup -type=srv _http._tcp." + name + " 2>&1"))
                    .as(name).contains("can't find " + name + ": NXDOMAIN", "can't find _http._tcp." + name + ": NXDOMAIN").doesNotContain(vault, others);
        }
        // A pod's name by its address is read off the name itself, whether there is one or not.
        assertThat(inside(cluster, MAUVE, "nslookup " + others.replace('.', '-') + ".cellar.pod.cluster.local 2>&1 | grep .").replace("cellar", "nowhere"))
                .isEqualTo(inside(cluster, MAUVE, "nslookup " + others.replace('.', '-') + ".nowhere.pod.cluster.local 2>&1 | grep ."));
        assertThat(inside(cluster, MAUVE, "nslookup -type=ptr " + reversed + " 2>&1")).contains("NXDOMAIN").doesNotContain("vault");

        // An address of services that the tenant has none at is refused by its own gateway, whether somebody else has one there or nobody.
        assertThat(asked(cluster, vault))
                .isEqualTo(asked(cluster, "10.100.200.8").replace("200.8", "200.7"))
                .isEqualTo("nc: can't connect to remote host (10.100.200.7): Connection refused\n".repeat(3) + "2 packets transmitted, 0 packets received, 100% packet loss\n"
                        + ";; connection timed out; no servers could be reached\n");
    }

    /// What an address says to connections, pings and questions.
    private static String asked(Cluster cluster, String address) {
        return inside(cluster, MAUVE, """
                for port in 80 81 53; do nc -w 3 %1$s $port </dev/null >/tmp/said.$port 2>&1 & done
                ping -c 2 -W 1 %1$s >/tmp/said.ping 2>&1 &
                nslookup -timeout=1 -retry=1 vault.cellar.svc.cluster.local %1$s >/tmp/said.dns 2>&1 &
                wait
                cat /tmp/said.80 /tmp/said.81 /tmp/said.53; grep -E 'received|From' /tmp/said.ping; grep -v '^nslookup' /tmp/said.dns | grep .
                """.formatted(address));
    }

    private static void theDoor(Cluster cluster) {
        assertThat(inside(cluster, MAUVE, "echo $KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT")).isEqualTo("10.96.0.1:443\n");
        // What is said behind it ApplicationsTest asks: busybox speaks no TLS that a JDK takes.
        assertThat(inside(cluster, MAUVE, "nc -w 5 10.96.0.1 443 </dev/null && echo open")).isEqualTo("open\n");
    }

    /// What is not the tenant's answers to nothing.
    private static void scans(Cluster cluster, String gateway, String host, String neighbour) {
        String api = cluster.setting("api-port"), kubelet = cluster.setting("kubelet-port");
        String script = """
                for target in %1$s:%3$s %1$s:%4$s %1$s:22 %1$s:53 %2$s:%3$s %2$s:%4$s %2$s:22 169.254.169.254:80 100.126.0.1:22 %5$s:8080 127.0.0.1:%3$s; do
                  nc -w 1 ${target%%:*} ${target##*:} </dev/null >/dev/null 2>&1 && echo open $target &
                done
                wait
                echo scanned
                """.formatted(gateway, host, api, kubelet, neighbour);
        assertThat(inside(cluster, MAUVE, script)).isEqualTo("scanned\n");
        assertThat(inside(cluster, MAUVE, "arping -c 1 -w 1 -I eth0 " + neighbour + " | grep -c 'reply from'")).as("nobody but the gateway answers").isEqualTo("0\n");
        assertThat(inside(cluster, MAUVE, "arping -c 1 -w 2 -I eth0 " + gateway + " | grep -c 'reply from'")).isEqualTo("1\n");
    }

    /// Other names than its own get a pod nowhere; its own goes on working.
    private static void lies(Cluster cluster, String gateway, String address, String neighbour) {
        String says = "ping -c 1 -W 1 " + gateway + " >/dev/null && echo heard || echo unheard; ";
        assertThat(inside(cluster, MAUVE, says)).isEqualTo("heard\n");
        assertThat(inside(cluster, MAUVE, "ip addr add " + neighbour + "/32 dev eth0; ping -c 1 -W 1 -I " + neighbour + " " + gateway
                        + " >/dev/null && echo heard || echo unheard; ip addr del " + neighbour + "/32 dev eth0"))
                .as("under an address that is not its own").isEqualTo("unheard\n");
        assertThat(inside(cluster, MAUVE, "own=$(cat /sys/class/net/eth0/address); set -- $(ip route show default); "
                        + "ip link set eth0 down; ip link set eth0 address 0a:58:01:02:03:04; ip link set eth0 up; ip route add default via " + gateway + " dev eth0 onlink; " + says
                        + "ip link set eth0 down; ip link set eth0 address $own; ip link set eth0 up; ip route add default via " + gateway + " dev eth0 onlink; " + says))
                .as("under a hardware address that is not its own").isEqualTo("unheard\nheard\n");
    }

    /// What a shell in the machine of the tenant's pod prints; its exit code does not matter.
    private static String inside(Cluster cluster, String tenant, String script) {
        Run run = cluster.kubectlOf(tenant, "exec", "web", "--", "sh", "-c", script + "\ntrue");
        return run.ok();
    }
}
