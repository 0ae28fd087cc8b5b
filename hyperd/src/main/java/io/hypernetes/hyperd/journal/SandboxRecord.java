package io.hypernetes.hyperd.journal;

import com.fasterxml.jackson.annotation.JsonIgnore;
import io.hypernetes.hypervisor.MachineRecord;
import io.hypernetes.network.Attachment;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What is kept of a sandbox.
///
/// @param identity what its owner calls it
/// @param phase how far it has come
/// @param createdNanos since 1970
/// @param machineId identity of its machine, chosen before the machine is started
/// @param size what its machine was given
/// @param attachment its place on the network; null before it has one
/// @param machine how to recognise its machine; null before it runs and after it has ended
/// @param layers layers on its read-only disk in order, those of removed containers too
/// @param volumes its volumes by name
/// @param files what its /etc is made of
/// @param phasesNanos how long each step of its making took, in order
/// @param message why it is not ready; empty when it is
public record SandboxRecord(
        String id,
        Identity identity,
        Phase phase,
        long createdNanos,
        UUID machineId,
        Size size,
        @Nullable Attachment attachment,
        @Nullable MachineRecord machine,
        List<Layer> layers,
        Map<String, Volume> volumes,
        Files files,
        Map<String, Long> phasesNanos,
        String message) {

    public SandboxRecord {
        layers = List.copyOf(layers);
        volumes = Map.copyOf(volumes);
        phasesNanos = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(phasesNanos));
    }

    /// How far a sandbox has come.
    public enum Phase {
        /// Being made; nobody has been told of it. After a crash it is removed.
        MAKING,
        READY,
        /// Its machine has ended or is being ended. After a crash the ending is finished.
        STOPPED,
        /// Being removed. After a crash the removal is finished.
        REMOVING
    }

    /// @param podUid the pod's uid
    /// @param attempt which of the sandboxes of that pod this is, from 0
    /// @param runtimeHandler as asked for
    /// @param logFolder absolute; empty for none
    public record Identity(
            String name,
            String podUid,
            String namespace,
            int attempt,
            String runtimeHandler,
            String logFolder,
            Map<String, String> labels,
            Map<String, String> annotations) {

        /// The handler of sandboxes that belong to the Docker face; CRI refuses it and does not show them.
        public static final String DOCKER = "docker";
        /// The tenant that is the operator's own.
        public static final String ROOT = "root";

        private static final String TENANT_ANNOTATION = "hypernetes.io/tenant";

        public Identity {
            labels = Map.copyOf(labels);
            annotations = Map.copyOf(annotations);
        }

        /// Whose a pod with these annotations is; who runs a node without tenants is [#ROOT].
        public static String tenant(Map<String, String> annotations) {
            return annotations.getOrDefault(TENANT_ANNOTATION, ROOT);
        }

        /// Whether the Docker face made it.
        @JsonIgnore
        public boolean isDocker() {
            return runtimeHandler.equals(DOCKER);
        }
    }

    /// @param memoryMib RAM
    /// @param scratchBytes size of the writable disk
    public record Size(int vcpus, int memoryMib, long scratchBytes) {}

    /// A layer on the read-only disk.
    ///
    /// @param diffId its digest
    /// @param file the layer file
    /// @param bytes its length
    public record Layer(String diffId, String file, long bytes) {}

    /// A volume of the pod.
    ///
    /// @param kind where its content lives
    /// @param hostPath for [VolumeKind#FILES] the folder or file whose content is pushed, for [VolumeKind#DISK] the file that is the disk; else empty
    /// @param sizeBytes its limit, 0 for none
    /// @param group whose all of a [VolumeKind#DISK] is to be; null for nobody in particular
    public record Volume(VolumeKind kind, String hostPath, long sizeBytes, @Nullable Group group) {
        public Volume(VolumeKind kind, String hostPath, long sizeBytes) {
            this(kind, hostPath, sizeBytes, null);
        }
    }

    /// A group of the guest that may read and write all of a volume.
    ///
    /// @param keep whether a volume whose root is the group's is left as it is
    public record Group(int gid, boolean keep) {}

    /// Where the content of a volume lives.
    public enum VolumeKind {
        SCRATCH,
        MEMORY,
        FILES,
        /// On a disk of its own, which outlives the sandbox; the volume's name is the disk's serial.
        DISK
    }

    /// @param hosts content of /etc/hosts; empty for the guest's own
    public record Files(
            String hostname, List<String> nameservers, List<String> searches, List<String> options, String hosts) {

        public Files {
            nameservers = List.copyOf(nameservers);
            searches = List.copyOf(searches);
            options = List.copyOf(options);
        }

        public Files withHosts(String next) {
            return new Files(hostname, nameservers, searches, options, next);
        }
    }

    /// Whether it has a volume that outlives it.
    @JsonIgnore
    public boolean hasDisks() {
        return volumes.values().stream().anyMatch(volume -> volume.kind() == VolumeKind.DISK);
    }

    public SandboxRecord withPhase(Phase next, String why) {
        return new SandboxRecord(
                id, identity, next, createdNanos, machineId, size, attachment, machine, layers, volumes, files, phasesNanos, why);
    }

    public SandboxRecord withAttachment(Attachment place) {
        return new SandboxRecord(
                id, identity, phase, createdNanos, machineId, size, place, machine, layers, volumes, files, phasesNanos, message);
    }

    public SandboxRecord withMachine(@Nullable MachineRecord running) {
        return new SandboxRecord(
                id, identity, phase, createdNanos, machineId, size, attachment, running, layers, volumes, files, phasesNanos, message);
    }

    public SandboxRecord withMachineId(UUID next) {
        return new SandboxRecord(
                id, identity, phase, createdNanos, next, size, attachment, machine, layers, volumes, files, phasesNanos, message);
    }

    public SandboxRecord withLayers(List<Layer> next) {
        return new SandboxRecord(
                id, identity, phase, createdNanos, machineId, size, attachment, machine, next, volumes, files, phasesNanos, message);
    }

    public SandboxRecord withVolumes(Map<String, Volume> next) {
        return new SandboxRecord(
                id, identity, phase, createdNanos, machineId, size, attachment, machine, layers, next, files, phasesNanos, message);
    }

    public SandboxRecord withFiles(Files next) {
        return new SandboxRecord(
                id, identity, phase, createdNanos, machineId, size, attachment, machine, layers, volumes, next, phasesNanos, message);
    }

    public SandboxRecord withPhases(Map<String, Long> next) {
        return new SandboxRecord(
                id, identity, phase, createdNanos, machineId, size, attachment, machine, layers, volumes, files, next, message);
    }
}
