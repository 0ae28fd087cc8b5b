package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HostAlias;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.cri.v1.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// `/etc/hosts` of a pod that says something about it: aliases, or a subdomain and with it a whole name. Others have what the guest makes, which costs nothing.
final class HostsFile {
    private static final String PATH = "/etc/hosts";
    private static final String ORDINARY = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nfe00::\tip6-mcastprefix\n"
            + "fe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n";

    private HostsFile() {}

    /// The whole name of a pod with a subdomain; empty of one without, and of one whose machine calls itself something else altogether.
    static Optional<String> fullName(Pod pod, String clusterDomain) {
        String subdomain = pod.getSpec().getSubdomain();
        String override = pod.getSpec().getHostnameOverride();
        boolean nameless = subdomain == null || subdomain.isEmpty() || override != null && !override.isEmpty();
        return nameless ? Optional.empty()
                : Optional.of(hostname(pod) + "." + subdomain + "." + pod.getMetadata().getNamespace() + ".svc." + clusterDomain);
    }

    /// What the pod's machine calls itself: the whole name where the pod asks for that.
    static String machineName(Pod pod, String clusterDomain) {
        Optional<String> whole = Boolean.TRUE.equals(pod.getSpec().getSetHostnameAsFQDN()) ? fullName(pod, clusterDomain) : Optional.empty();
        return whole.orElseGet(() -> hostname(pod));
    }

    /// Writes it below the pod's folder, where the runtime knows it by its name.
    ///
    /// @param ips of the pod
    /// @return empty when the guest's own will do, or the container brings one
    static Optional<Mount> write(Path podFolder, Pod pod, Container container, List<String> ips, String clusterDomain) throws IOException {
        Optional<String> fullName = fullName(pod, clusterDomain);
        boolean own = container.getVolumeMounts().stream().anyMatch(mount -> PATH.equals(mount.getMountPath()));
        if (own || fullName.isEmpty() && pod.getSpec().getHostAliases().isEmpty()) {
            return Optional.empty();
        }
        StringBuilder text = new StringBuilder("# Kubernetes-managed hosts file.\n").append(ORDINARY);
        String names = fullName.map(name -> name + "\t").orElse("") + hostname(pod);
        ips.forEach(ip -> text.append(ip).append('\t').append(names).append('\n'));
        if (!pod.getSpec().getHostAliases().isEmpty()) {
            text.append("\n# Entries added by HostAliases.\n");
            for (HostAlias alias : pod.getSpec().getHostAliases()) {
                text.append(alias.getIp()).append('\t').append(String.join("\t", alias.getHostnames())).append('\n');
            }
        }
        Files.createDirectories(podFolder);
        Path file = podFolder.resolve("etc-hosts");
        Path unfinished = podFolder.resolve("etc-hosts.part");
        Files.writeString(unfinished, text);
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return Optional.of(Mount.newBuilder().setContainerPath(PATH).setHostPath(file.toString()).build());
    }

    private static String hostname(Pod pod) {
        String override = Objects.requireNonNullElse(pod.getSpec().getHostnameOverride(), "");
        if (!override.isEmpty()) {
            return override;
        }
        String name = pod.getSpec().getHostname() == null ? pod.getMetadata().getName() : pod.getSpec().getHostname();
        String cut = name.length() > 63 ? name.substring(0, 63) : name;
        int end = cut.length();
        while (end > 0 && (cut.charAt(end - 1) == '-' || cut.charAt(end - 1) == '.')) {
            end--;
        }
        return cut.substring(0, end);
    }
}
