package io.hypernetes.hyperd.cri;

import io.hypernetes.cri.v1.DNSConfig;
import io.hypernetes.cri.v1.LinuxContainerResources;
import io.hypernetes.cri.v1.LinuxPodSandboxConfig;
import io.hypernetes.cri.v1.LinuxSandboxSecurityContext;
import io.hypernetes.cri.v1.NamespaceMode;
import io.hypernetes.cri.v1.NamespaceOption;
import io.hypernetes.cri.v1.PodSandboxConfig;
import io.hypernetes.cri.v1.PodSandboxMetadata;
import io.hypernetes.cri.v1.PortMapping;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.sandbox.Bytes;
import io.hypernetes.hyperd.sandbox.SandboxRequest;
import io.hypernetes.network.NetworkException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Reads what a kubelet asks of a sandbox, and refuses what a pod that is a machine of its own cannot have.
final class SandboxRequests {
    /// The annotation by which the writable disk of a pod is limited: bytes, as `2147483648` or `2Gi`.
    static final String SCRATCH_ANNOTATION = "hypernetes.io/ephemeral-storage";

    /// The annotation by which a pod of which not all containers have a memory limit has enough for those that do, and for what the others ask for.
    static final String MEMORY_ANNOTATION = "hypernetes.io/least-memory";

    private static final Set<String> HANDLERS = Set.of("", "hypernetes");
    private static final int MOST_HOSTNAME = 64;
    private static final Set<String> NAMESPACED = Set.of(
            "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced", "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni",
            "kernel.sem", "fs.mqueue.", "net.");
    private static final int MOST_PORTS = 256;

    private SandboxRequests() {}

    /// @param kernels handlers that mean a kernel
    static SandboxRequest of(PodSandboxConfig config, String runtimeHandler, Set<String> kernels) {
        PodSandboxMetadata metadata = config.getMetadata();
        Names.required("pod name", metadata.getName());
        Names.required("pod namespace", metadata.getNamespace());
        String uid = Names.required("pod uid", metadata.getUid());
        if (uid.contains("/") || uid.startsWith(".")) {
            throw HyperdException.invalid("The pod uid " + uid + " must not hold a slash or begin with a dot.");
        }
        if (!HANDLERS.contains(runtimeHandler) && !kernels.contains(runtimeHandler)) {
            throw HyperdException.invalid("There is no runtime handler " + runtimeHandler + "; there is `hypernetes`, which is also the default"
                    + (kernels.isEmpty() ? "." : ", and for kernels " + String.join(", ", kernels) + "."));
        }
        LinuxPodSandboxConfig linux = config.getLinux();
        refuseHostNamespaces(linux.getSecurityContext());
        String hostname = config.getHostname().isEmpty() ? metadata.getName() : config.getHostname();
        if (hostname.length() > MOST_HOSTNAME) {
            hostname = hostname.substring(0, MOST_HOSTNAME);
        }
        DNSConfig dns = config.getDnsConfig();
        LinuxContainerResources resources = linux.getResources();
        return new SandboxRequest(
                new SandboxRecord.Identity(
                        metadata.getName(),
                        uid,
                        metadata.getNamespace(),
                        metadata.getAttempt(),
                        runtimeHandler,
                        Names.text("log folder", config.getLogDirectory()),
                        Names.map("labels", config.getLabelsMap()),
                        Names.map("annotations", config.getAnnotationsMap())),
                new SandboxRecord.Files(hostname, dns.getServersList(), dns.getSearchesList(), dns.getOptionsList(), ""),
                sysctls(linux.getSysctlsMap()),
                new SandboxRequest.Demand(
                        Math.max(0, resources.getMemoryLimitInBytes()),
                        Math.max(0, linux.getOverhead().getMemoryLimitInBytes()),
                        Math.max(0, resources.getCpuQuota()),
                        Math.max(0, resources.getCpuPeriod()),
                        amount(config, SCRATCH_ANNOTATION),
                        amount(config, MEMORY_ANNOTATION)),
                ports(config));
    }

    /// A running machine keeps its size: what fits into it changes nothing here, as limits are set on containers.
    ///
    /// @throws HyperdException when it does not fit
    static void refuseBeyond(SandboxRecord record, LinuxContainerResources resources, LinuxContainerResources overhead) {
        long bytes = Math.max(0, resources.getMemoryLimitInBytes()) + Math.max(0, overhead.getMemoryLimitInBytes());
        long period = resources.getCpuPeriod() > 0 ? resources.getCpuPeriod() : 100_000;
        if (bytes > (long) record.size().memoryMib() << 20 || resources.getCpuQuota() > record.size().vcpus() * period) {
            throw new HyperdException(
                    HyperdException.Kind.EXHAUSTED,
                    "Sandbox " + record.id() + " has a machine of " + record.size().memoryMib() + " MiB and " + record.size().vcpus()
                            + " processors, which is less than it shall have now. Make the pod anew with the larger limits.");
        }
    }

    // Those of namespaces that a pod has on any runtime. Its kernel is its own, but what a pod says of the rest of a kernel it says of
    // a host, and would mean something else here.
    private static Map<String, String> sysctls(Map<String, String> asked) {
        Map<String, String> sysctls = Names.map("sysctls", asked);
        for (String name : sysctls.keySet()) {
            String dotted = name.replace('/', '.');
            if (NAMESPACED.stream().noneMatch(known -> known.endsWith(".") ? dotted.startsWith(known) : dotted.equals(known))) {
                throw HyperdException.invalid("The sysctl " + name + " belongs to no namespace of a pod. There are kernel.shm*, kernel.msg*,"
                        + " kernel.sem, fs.mqueue.* and net.*.");
            }
        }
        return sysctls;
    }

    private static void refuseHostNamespaces(LinuxSandboxSecurityContext security) {
        NamespaceOption namespaces = security.getNamespaceOptions();
        refuseHost("network", namespaces.getNetwork());
        refuseHost("process (pid)", namespaces.getPid());
        refuseHost("ipc", namespaces.getIpc());
        if (namespaces.hasUsernsOptions() && namespaces.getUsernsOptions().getMode() != NamespaceMode.NODE) {
            throw HyperdException.unsupported("The pod wants a user namespace; in a virtual machine its root is not the host's anyway. "
                    + "Leave out hostUsers: false.");
        }
    }

    private static void refuseHost(String which, NamespaceMode mode) {
        if (mode == NamespaceMode.NODE) {
            throw HyperdException.invalid("A pod cannot have the host's " + which
                    + " namespace: it is a virtual machine with a kernel of its own. Remove hostNetwork, hostPID and hostIPC from the pod.");
        }
    }

    // A mapping without a port of the host asks for nothing: the pod has an address of its own.
    private static List<io.hypernetes.network.PortMapping> ports(PodSandboxConfig config) {
        if (config.getPortMappingsCount() > MOST_PORTS) {
            throw HyperdException.invalid("A pod has at most " + MOST_PORTS + " port mappings.");
        }
        List<io.hypernetes.network.PortMapping> ports = new ArrayList<>();
        for (PortMapping port : config.getPortMappingsList()) {
            if (port.getHostPort() == 0) {
                continue;
            }
            try {
                ports.add(new io.hypernetes.network.PortMapping(
                        switch (port.getProtocol()) {
                            case TCP -> io.hypernetes.network.PortMapping.Protocol.TCP;
                            case UDP -> io.hypernetes.network.PortMapping.Protocol.UDP;
                            case SCTP -> io.hypernetes.network.PortMapping.Protocol.SCTP;
                            case UNRECOGNIZED -> throw HyperdException.invalid("The protocol of host port " + port.getHostPort() + " is unknown.");
                        },
                        Names.text("host address", port.getHostIp()),
                        port.getHostPort(),
                        port.getContainerPort()));
            } catch (NetworkException wrong) {
                throw HyperdException.invalid(String.valueOf(wrong.getMessage()));
            }
        }
        return ports;
    }

    private static long amount(PodSandboxConfig config, String annotation) {
        String wanted = config.getAnnotationsMap().getOrDefault(annotation, "");
        try {
            return Bytes.parse(wanted);
        } catch (NumberFormatException wrong) {
            throw HyperdException.invalid("The annotation " + annotation + ": " + wrong.getMessage());
        }
    }
}
