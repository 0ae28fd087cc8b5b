package io.hypernetes.cli;

import java.nio.file.Path;

/// Where an installation keeps its things. `--root DIR` moves all three folders below `DIR`, so that several clusters live side
/// by side on one machine.
///
/// @param state what must survive a reboot
/// @param run sockets, locks and what a reboot may sweep away
/// @param log logs of the processes and of the pods
record Places(Path state, Path run, Path log) {

    /// The places of an ordinary installation.
    static Places ofMachine() {
        return new Places(
                Path.of("/var/lib/hypernetes"), Path.of("/run/hypernetes"), Path.of("/var/log/hypernetes"));
    }

    /// The places below one folder.
    static Places below(Path root) {
        Path folder = root.toAbsolutePath().normalize();
        return new Places(folder.resolve("lib"), folder.resolve("run"), folder.resolve("log"));
    }

    Path masterState() {
        return state.resolve("master");
    }

    Path pki() {
        return masterState().resolve("pki");
    }

    /// The keys that the values of each tenant are sealed with.
    Path tenantKeys() {
        return masterState().resolve("keys");
    }

    /// Where a backup of a tenant lies until the master has read it.
    Path restores() {
        return masterState().resolve("restores");
    }

    Path config() {
        return state.resolve("config.yaml");
    }

    Path nodeState() {
        return state.resolve("node");
    }

    /// The disks of claims that are on this machine's node.
    Path disks() {
        return nodeState().resolve("kubelet/volumes");
    }

    Path kubeconfigs() {
        return state.resolve("kubeconfig");
    }

    /// The kubeconfig of the operator, or of a tenant's administrator.
    Path kubeconfig(String tenant) {
        return kubeconfigs().resolve(tenant + ".yaml");
    }

    Path criSocket() {
        return run.resolve("cri.sock");
    }

    Path dockerSocket() {
        return run.resolve("docker.sock");
    }

    Path podLogs() {
        return log.resolve("pods");
    }

    Path logOf(String process) {
        return log.resolve(process + ".log");
    }

    /// The newest lines of the audit log; older ones are beside it.
    Path auditLog() {
        return log.resolve("audit.log");
    }

    Path lockOf(String process) {
        return run.resolve(process + ".lock");
    }

    /// Where native libraries are unpacked, once.
    Path nativeLibraries() {
        return state.resolve("native");
    }

    /// The state folder, or the nearest folder above it that exists.
    Path existingAbove() {
        for (Path at = state; at != null; at = at.getParent()) {
            if (java.nio.file.Files.exists(at)) {
                return at;
            }
        }
        return Path.of("/");
    }
}
