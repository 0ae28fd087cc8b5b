package io.hypernetes.guest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A container to be prepared. Made by [#builder].
///
/// @param id 1 to 128 of `A-Z a-z 0-9 . _ -`, not beginning with `.`
/// @param layers lowest first, 1 to 128
/// @param arguments the command; the first is looked up in PATH when it has no slash
/// @param environment `NAME=value`
/// @param directory absolute; empty for `/`
/// @param user as in an image: empty, `name`, `uid`, `name:group`, `uid:gid`
/// @param groups supplementary groups besides those of the image's `/etc/group`
/// @param capabilities bit n = capability n: bounding, permitted and effective
/// @param ambientCapabilities a subset of `capabilities`
/// @param rlimits by Linux number
/// @param maskedPaths absolute paths that the container cannot see
/// @param readOnlyPaths absolute paths that it cannot change
/// @param mounts in order
/// @param stdinOnce standard input ends when the session that opened it goes away
/// @param oomScoreAdjust -1000 to 1000
/// @param seccomp filter program as the guest's processor wants it; empty for none
/// @param privileged all capabilities, all devices, nothing masked
/// @param pidNamespaceOf container whose process namespace is joined; empty for the one that the pod shares; null for one of its own
/// @param rows first size of the terminal; 0 to leave it
/// @param columns first size of the terminal; 0 to leave it
/// @param startAtOnce started within the plan
/// @param strictGroups without the groups that the image's `/etc/group` gives the user
/// @param devices of the guest's kernel, besides those that every container has
public record ContainerSpec(
        String id,
        List<Layer> layers,
        List<String> arguments,
        List<String> environment,
        String directory,
        String user,
        List<Long> groups,
        long capabilities,
        long ambientCapabilities,
        boolean noNewPrivileges,
        List<Rlimit> rlimits,
        boolean readOnlyRoot,
        List<String> maskedPaths,
        List<String> readOnlyPaths,
        List<MountSpec> mounts,
        boolean tty,
        boolean stdin,
        boolean stdinOnce,
        Resources resources,
        int oomScoreAdjust,
        byte[] seccomp,
        boolean privileged,
        @Nullable String pidNamespaceOf,
        int rows,
        int columns,
        boolean startAtOnce,
        boolean strictGroups,
        List<Device> devices) {

    public ContainerSpec {
        layers = List.copyOf(layers);
        arguments = List.copyOf(arguments);
        environment = List.copyOf(environment);
        groups = List.copyOf(groups);
        rlimits = List.copyOf(rlimits);
        maskedPaths = List.copyOf(maskedPaths);
        readOnlyPaths = List.copyOf(readOnlyPaths);
        mounts = List.copyOf(mounts);
        devices = List.copyOf(devices);
        seccomp = seccomp.clone();
        if (layers.isEmpty() || arguments.isEmpty()) {
            throw new IllegalArgumentException("container " + id + " needs at least one layer and a command");
        }
    }

    /// A read-only file system on the layers disk.
    ///
    /// @param offsetBytes multiple of 512
    /// @param lengthBytes multiple of 512
    /// @param type `squashfs` or `erofs`
    public record Layer(long offsetBytes, long lengthBytes, String type) {}

    /// @param resource Linux RLIMIT number
    /// @param soft limit; -1 for none
    /// @param hard limit; -1 for none
    public record Rlimit(int resource, long soft, long hard) {}

    /// A device of the guest's kernel.
    ///
    /// @param path where the container finds it
    /// @param source where the guest has it, below `/dev`
    public record Device(String path, String source) {}

    /// A builder of a container with everything but these left out.
    public static Builder builder(String id, List<Layer> layers, List<String> arguments) {
        return new Builder(id, layers, arguments);
    }

    /// Collects the settings of one container; for one thread.
    public static final class Builder {
        private final String id;
        private final List<Layer> layers;
        private final List<String> arguments;
        private List<String> environment = List.of();
        private String directory = "";
        private String user = "";
        private List<Long> groups = List.of();
        private long capabilities;
        private long ambientCapabilities;
        private boolean noNewPrivileges;
        private List<Rlimit> rlimits = List.of();
        private boolean readOnlyRoot;
        private List<String> maskedPaths = List.of();
        private List<String> readOnlyPaths = List.of();
        private List<MountSpec> mounts = List.of();
        private boolean tty;
        private boolean stdin;
        private boolean stdinOnce;
        private Resources resources = Resources.UNLIMITED;
        private int oomScoreAdjust;
        private byte[] seccomp = {};
        private boolean privileged;
        private @Nullable String pidNamespaceOf;
        private int rows;
        private int columns;
        private boolean startAtOnce;
        private boolean strictGroups;
        private List<Device> devices = List.of();

        private Builder(String id, List<Layer> layers, List<String> arguments) {
            this.id = id;
            this.layers = layers;
            this.arguments = arguments;
        }

        public Builder environment(List<String> environment) {
            this.environment = environment;
            return this;
        }

        public Builder directory(String directory) {
            this.directory = directory;
            return this;
        }

        public Builder user(String user) {
            this.user = user;
            return this;
        }

        public Builder groups(List<Long> groups) {
            this.groups = groups;
            return this;
        }

        public Builder capabilities(long capabilities) {
            this.capabilities = capabilities;
            return this;
        }

        public Builder ambientCapabilities(long ambientCapabilities) {
            this.ambientCapabilities = ambientCapabilities;
            return this;
        }

        public Builder noNewPrivileges(boolean noNewPrivileges) {
            this.noNewPrivileges = noNewPrivileges;
            return this;
        }

        public Builder rlimits(List<Rlimit> rlimits) {
            this.rlimits = rlimits;
            return this;
        }

        public Builder readOnlyRoot(boolean readOnlyRoot) {
            this.readOnlyRoot = readOnlyRoot;
            return this;
        }

        public Builder maskedPaths(List<String> maskedPaths) {
            this.maskedPaths = maskedPaths;
            return this;
        }

        public Builder readOnlyPaths(List<String> readOnlyPaths) {
            this.readOnlyPaths = readOnlyPaths;
            return this;
        }

        public Builder mounts(List<MountSpec> mounts) {
            this.mounts = mounts;
            return this;
        }

        public Builder tty(boolean tty) {
            this.tty = tty;
            return this;
        }

        public Builder stdin(boolean stdin) {
            this.stdin = stdin;
            return this;
        }

        public Builder stdinOnce(boolean stdinOnce) {
            this.stdinOnce = stdinOnce;
            return this;
        }

        public Builder resources(Resources resources) {
            this.resources = resources;
            return this;
        }

        public Builder oomScoreAdjust(int oomScoreAdjust) {
            this.oomScoreAdjust = oomScoreAdjust;
            return this;
        }

        public Builder seccomp(byte[] seccomp) {
            this.seccomp = seccomp;
            return this;
        }

        public Builder privileged(boolean privileged) {
            this.privileged = privileged;
            return this;
        }

        public Builder pidNamespaceOf(@Nullable String container) {
            this.pidNamespaceOf = container;
            return this;
        }

        public Builder terminalSize(int rows, int columns) {
            this.rows = rows;
            this.columns = columns;
            return this;
        }

        public Builder startAtOnce(boolean startAtOnce) {
            this.startAtOnce = startAtOnce;
            return this;
        }

        public Builder strictGroups(boolean strictGroups) {
            this.strictGroups = strictGroups;
            return this;
        }

        public Builder devices(List<Device> devices) {
            this.devices = devices;
            return this;
        }

        public ContainerSpec build() {
            return new ContainerSpec(
                    id, layers, arguments, environment, directory, user, groups, capabilities, ambientCapabilities, noNewPrivileges,
                    rlimits, readOnlyRoot, maskedPaths, readOnlyPaths, mounts, tty, stdin, stdinOnce, resources, oomScoreAdjust,
                    seccomp, privileged, pidNamespaceOf, rows, columns, startAtOnce, strictGroups, devices);
        }
    }
}
