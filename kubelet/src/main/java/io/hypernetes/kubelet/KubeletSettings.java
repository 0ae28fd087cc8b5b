package io.hypernetes.kubelet;

import io.hypernetes.client.ObjectKey;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/// What a kubelet must know about its node.
///
/// @param nodeName the Node's name, also its hostname label
/// @param nodeIp the address under which the API server reaches this node
/// @param port HTTPS port; 0 takes a free one
/// @param criSocket the runtime's unix socket
/// @param stateFolder pods' folders live in `pods` below it, such as `/var/lib/hypernetes/kubelet`
/// @param logFolder container logs live in `pods` below it, such as `/var/log/hypernetes`
/// @param maxPods most pods on this node
/// @param reservedCpuMillis thousandths of a core that pods may not have
/// @param reservedMemoryBytes memory that pods may not have
/// @param labels more labels for the Node
/// @param clusterDns name servers for pods; empty lets the network decide
/// @param clusterDomain such as `cluster.local`
/// @param syncFrequency how often each pod is looked at without a cause; until then changed ConfigMaps and Secrets wait
/// @param operators addresses of the operator's own, at which pods of tenants have no registries
/// @param hostPaths what of this node's files no tenant is to read of
public record KubeletSettings(
        String nodeName,
        String nodeIp,
        int port,
        Path criSocket,
        Path stateFolder,
        Path logFolder,
        int maxPods,
        long reservedCpuMillis,
        long reservedMemoryBytes,
        Map<String, String> labels,
        List<String> clusterDns,
        String clusterDomain,
        Duration syncFrequency,
        Predicate<InetAddress> operators,
        HostPaths hostPaths) {

    public KubeletSettings {
        labels = Map.copyOf(labels);
        clusterDns = List.copyOf(clusterDns);
    }

    /// The port of upstream kubelets.
    public static final int DEFAULT_PORT = 10250;

    /// How often an ordinary node looks at each of its pods.
    public static final Duration SYNC_FREQUENCY = Duration.ofSeconds(45);

    /// With the ordinary frequency, no addresses of the operator's, and no paths to be hidden but the kubelet's own.
    public KubeletSettings(
            String nodeName,
            String nodeIp,
            int port,
            Path criSocket,
            Path stateFolder,
            Path logFolder,
            int maxPods,
            long reservedCpuMillis,
            long reservedMemoryBytes,
            Map<String, String> labels,
            List<String> clusterDns,
            String clusterDomain) {
        this(
                nodeName, nodeIp, port, criSocket, stateFolder, logFolder, maxPods, reservedCpuMillis, reservedMemoryBytes, labels, clusterDns,
                clusterDomain, SYNC_FREQUENCY, _ -> false, HostPaths.below(criSocket, stateFolder, logFolder));
    }

    /// The settings of an ordinary node.
    public static KubeletSettings ordinary(String nodeName, String nodeIp, Path criSocket, Path stateFolder, Path logFolder) {
        return new KubeletSettings(nodeName, nodeIp, DEFAULT_PORT, criSocket, stateFolder, logFolder, 110, 100, 256L << 20, Map.of(), List.of(), "cluster.local");
    }

    /// Where the pods' folders are; the runtime must be told the same.
    public Path podsFolder() {
        return stateFolder.resolve("pods");
    }

    /// Where the logs of a pod's containers are, each container's in a folder of its own.
    public Path logsOf(ObjectKey key, String uid) {
        return logFolder.resolve("pods").resolve(key.tenant() + "_" + key.namespace() + "_" + key.name() + "_" + uid);
    }

    /// Where the disks are that outlive pods; the runtime looks for them there, beside the pods' folders.
    public Path disksFolder() {
        return stateFolder.resolve("volumes");
    }
}
