package io.hypernetes.hyperd.cri;

import io.hypernetes.cri.v1.ContainerConfig;
import io.hypernetes.cri.v1.HugepageLimit;
import io.hypernetes.cri.v1.KeyValue;
import io.hypernetes.cri.v1.LinuxContainerConfig;
import io.hypernetes.cri.v1.LinuxContainerResources;
import io.hypernetes.cri.v1.LinuxContainerSecurityContext;
import io.hypernetes.cri.v1.Mount;
import io.hypernetes.cri.v1.MountPropagation;
import io.hypernetes.cri.v1.NamespaceMode;
import io.hypernetes.cri.v1.NamespaceOption;
import io.hypernetes.cri.v1.SecurityProfile;
import io.hypernetes.cri.v1.Signal;
import io.hypernetes.cri.v1.SupplementalGroupsPolicy;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.ContainerRequest;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.log.ContainerLog;
import io.hypernetes.hyperd.seccomp.Seccomp;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads what a kubelet asks of a container, and refuses what a container in a machine cannot have.
final class ContainerRequests {
    private static final int MOST_WORDS = 4096;
    private static final int MOST_ENVIRONMENT_BYTES = 1 << 20;
    private static final int MOST_MOUNTS = 256;
    private static final Pattern PROCESSORS = Pattern.compile("[0-9]{1,4}(-[0-9]{1,4})?(,[0-9]{1,4}(-[0-9]{1,4})?){0,40}");

    private ContainerRequests() {}

    /// @param logFolder the pod's
    static ContainerRequest of(ContainerConfig config, String logFolder) {
        LinuxContainerConfig linux = config.getLinux();
        LinuxContainerSecurityContext security = linux.getSecurityContext();
        refuseHugePages(linux.getResources());
        ContainerLog.mostFileBytes(config.getAnnotationsMap());
        if (config.getCommandCount() > MOST_WORDS || config.getArgsCount() > MOST_WORDS) {
            throw HyperdException.invalid("A command has at most " + MOST_WORDS + " words.");
        }
        return new ContainerRequest(
                new ContainerRecord.Identity(
                        Names.required("container name", config.getMetadata().getName()),
                        config.getMetadata().getAttempt(),
                        Names.map("labels", config.getLabelsMap()),
                        Names.map("annotations", config.getAnnotationsMap())),
                Names.required("image", config.getImage().getImage()),
                config.getImage().getUserSpecifiedImage(),
                config.getCommandList(),
                config.getArgsList(),
                Names.text("working directory", config.getWorkingDir()),
                environment(config.getEnvsList()),
                mounts(config.getMountsList()),
                Names.logPath(logFolder, config.getLogPath()),
                new ContainerRecord.Terminal(config.getTty(), config.getStdin(), config.getStdinOnce(), null),
                resources(linux.getResources()),
                security(security, linux.getSecurityContext().hasNamespaceOptions()),
                config.getStopSignal() == Signal.RUNTIME_DEFAULT ? "" : config.getStopSignal().name(),
                Devices.of(config),
                List.of());
    }

    static ContainerRecord.Resources resources(LinuxContainerResources limits) {
        return new ContainerRecord.Resources(
                limits.getCpuPeriod(),
                limits.getCpuQuota(),
                limits.getCpuShares(),
                limits.getMemoryLimitInBytes(),
                limits.getOomScoreAdj(),
                unified(limits));
    }

    private static Map<String, String> unified(LinuxContainerResources limits) {
        Map<String, String> unified = new HashMap<>(Names.map("unified resources", limits.getUnifiedMap()));
        if (!limits.getCpusetCpus().isEmpty()) {
            if (!PROCESSORS.matcher(limits.getCpusetCpus()).matches()) {
                throw HyperdException.invalid("The processors " + Names.text("processors", limits.getCpusetCpus())
                        + " must be a list of the pod's own, such as 0-1,3.");
            }
            unified.put("cpuset.cpus", limits.getCpusetCpus());
        }
        if (!limits.getCpusetMems().isEmpty() && !limits.getCpusetMems().equals("0")) {
            throw HyperdException.invalid("A pod's machine has one memory node, 0; the container asks for "
                    + Names.text("memory nodes", limits.getCpusetMems()) + ".");
        }
        return unified;
    }

    // The kubelet names every page size of its host, most with a limit of 0.
    private static void refuseHugePages(LinuxContainerResources limits) {
        for (HugepageLimit limit : limits.getHugepageLimitsList()) {
            if (limit.getLimit() != 0) {
                throw HyperdException.invalid("The container wants huge pages of " + limit.getPageSize()
                        + "; the pod's kernel has none. Remove hugepages from its limits.");
            }
        }
    }

    private static List<String> environment(List<KeyValue> pairs) {
        List<String> environment = new ArrayList<>();
        long bytes = 0;
        for (KeyValue pair : pairs) {
            String value = pair.getValue().toStringUtf8();
            bytes += pair.getKey().length() + value.length() + 2L;
            if (pair.getKey().isEmpty() || pair.getKey().indexOf('=') >= 0 || pair.getKey().indexOf('\0') >= 0
                    || value.indexOf('\0') >= 0) {
                throw HyperdException.invalid("The environment variable `" + pair.getKey()
                        + "` is empty, has `=` in its name or a zero byte in it.");
            }
            environment.add(pair.getKey() + "=" + value);
        }
        if (environment.size() > MOST_WORDS || bytes > MOST_ENVIRONMENT_BYTES) {
            throw HyperdException.invalid(
                    "The environment has more than " + MOST_WORDS + " variables or " + MOST_ENVIRONMENT_BYTES + " bytes.");
        }
        return environment;
    }

    private static List<ContainerRequest.Mount> mounts(List<Mount> asked) {
        if (asked.size() > MOST_MOUNTS) {
            throw HyperdException.invalid("A container has at most " + MOST_MOUNTS + " mounts.");
        }
        List<ContainerRequest.Mount> mounts = new ArrayList<>();
        for (Mount mount : asked) {
            if (mount.getPropagation() != MountPropagation.PROPAGATION_PRIVATE) {
                throw HyperdException.invalid("The mount at " + mount.getContainerPath()
                        + " wants mount propagation with the host, of which a virtual machine sees nothing.");
            }
            if (mount.getUidMappingsCount() > 0 || mount.getGidMappingsCount() > 0) {
                throw HyperdException.unsupported(
                        "The mount at " + mount.getContainerPath() + " maps user ids; this release has no user namespaces.");
            }
            if (mount.getRecursiveReadOnly() && !mount.getReadonly()) {
                throw HyperdException.invalid(
                        "The mount at " + mount.getContainerPath() + " is recursively read-only and must be read-only, then.");
            }
            mounts.add(new ContainerRequest.Mount(
                    Names.text("mount point", mount.getContainerPath()),
                    Names.text("mount source", mount.getHostPath()),
                    mount.getReadonly(),
                    mount.getRecursiveReadOnly(),
                    image(mount)));
        }
        return mounts;
    }

    private static ContainerRecord.@Nullable MountedImage image(Mount mount) {
        if (mount.getImage().getImage().isEmpty()) {
            return null;
        }
        if (!mount.getReadonly()) {
            throw HyperdException.invalid(
                    "The mount at " + mount.getContainerPath() + " is an image, which nobody can write: it must be read-only.");
        }
        String subPath = Names.text("path in the image", mount.getImageSubPath());
        if (subPath.startsWith("/") || List.of(subPath.split("/")).contains("..")) {
            throw HyperdException.invalid("The path in the image, " + subPath + ", must be relative and without `..`.");
        }
        return new ContainerRecord.MountedImage(Names.required("image", mount.getImage().getImage()), "", subPath);
    }

    private static ContainerRequest.Security security(LinuxContainerSecurityContext asked, boolean namespacesGiven) {
        refuseApparmor(asked);
        SelinuxLabels.check(asked.getSelinuxOptions());
        NamespaceOption namespaces = asked.getNamespaceOptions();
        return new ContainerRequest.Security(
                asked.getPrivileged(),
                new LinkedHashSet<>(asked.getCapabilities().getAddCapabilitiesList()),
                new LinkedHashSet<>(asked.getCapabilities().getDropCapabilitiesList()),
                new LinkedHashSet<>(asked.getCapabilities().getAddAmbientCapabilitiesList()),
                asked.hasRunAsUser() ? OptionalLong.of(asked.getRunAsUser().getValue()) : OptionalLong.empty(),
                asked.hasRunAsGroup() ? OptionalLong.of(asked.getRunAsGroup().getValue()) : OptionalLong.empty(),
                Names.text("user name", asked.getRunAsUsername()),
                asked.getSupplementalGroupsList(),
                asked.getNoNewPrivs(),
                asked.getReadonlyRootfs(),
                absolute("masked path", asked.getMaskedPathsList()),
                absolute("read-only path", asked.getReadonlyPathsList()),
                namespacesGiven ? pidNamespace(namespaces) : "",
                namespacesGiven && namespaces.getPid() == NamespaceMode.POD,
                asked.getSupplementalGroupsPolicy() == SupplementalGroupsPolicy.Strict,
                seccomp(asked));
    }

    // A profile that is not given means none; the older field is only looked at without the newer one.
    private static Seccomp seccomp(LinuxContainerSecurityContext asked) {
        if (asked.getPrivileged()) {
            return Seccomp.UNCONFINED;
        }
        if (asked.hasSeccomp()) {
            return switch (asked.getSeccomp().getProfileType()) {
                case RuntimeDefault -> Seccomp.RUNTIME_DEFAULT;
                case Unconfined -> Seccomp.UNCONFINED;
                case Localhost -> Seccomp.ofFile(Names.required("seccomp profile", asked.getSeccomp().getLocalhostRef()));
                case UNRECOGNIZED -> throw HyperdException.invalid("The type of seccomp profile that is asked for is unknown.");
            };
        }
        String path = Names.text("seccomp profile", asked.getSeccompProfilePath());
        return switch (path) {
            case "", "unconfined" -> Seccomp.UNCONFINED;
            case "runtime/default", "docker/default" -> Seccomp.RUNTIME_DEFAULT;
            default -> Seccomp.ofFile(path.startsWith("localhost/") ? path.substring("localhost/".length()) : path);
        };
    }

    private static String pidNamespace(NamespaceOption namespaces) {
        if (namespaces.getNetwork() == NamespaceMode.NODE || namespaces.getIpc() == NamespaceMode.NODE) {
            throw HyperdException.invalid("A container cannot have a namespace of the host: its pod is a virtual machine.");
        }
        return switch (namespaces.getPid()) {
            case CONTAINER, POD -> "";
            case TARGET -> Names.required("target container", namespaces.getTargetId());
            case NODE -> throw HyperdException.invalid(
                    "A container cannot see the host's processes: its pod is a virtual machine. Remove hostPID.");
            case UNRECOGNIZED -> throw HyperdException.invalid("The process namespace that is asked for is unknown.");
        };
    }

    private static void refuseApparmor(LinuxContainerSecurityContext asked) {
        if (asked.getApparmor().getProfileType() == SecurityProfile.ProfileType.Localhost
                || asked.getApparmorProfile().startsWith("localhost/")) {
            throw HyperdException.unsupported("AppArmor profiles of type Localhost are not part of this release.");
        }
    }

    private static List<String> absolute(String what, List<String> paths) {
        for (String path : paths) {
            if (!path.startsWith("/")) {
                throw HyperdException.invalid("The " + what + " " + path + " must be absolute.");
            }
        }
        return paths;
    }
}
