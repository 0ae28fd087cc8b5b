package io.hypernetes.hypervisor;

import java.nio.file.Path;
import java.util.UUID;

/// How to recognise a running machine after a restart of the engine.
///
/// @param uuid the machine's identity, answered by QMP
/// @param name the sandbox id
/// @param folder where its sockets are
/// @param pid process id of the hypervisor
/// @param startTimeTicks start time of that process, in clock ticks since boot (field 22 of `/proc/PID/stat`)
/// @param bootId `/proc/sys/kernel/random/boot_id` of the host boot in which the pid is valid
/// @param cgroup the machine's own cgroup, relative to the controllers' mount points
public record MachineRecord(
        UUID uuid, String name, Path folder, long pid, long startTimeTicks, String bootId, String cgroup) {}
