package io.hypernetes.hypervisor;

import java.nio.file.Path;
import java.util.UUID;

/// Who a machine is and where it lives on the host.
///
/// @param uuid identity of the machine, given to QMP
/// @param name for messages and the process list: the sandbox id
/// @param folder the machine's own folder; made 0700, removed with the machine
/// @param cgroupParent cgroup below which the machine's own is made, relative to the controllers' mount points
public record MachinePlace(UUID uuid, String name, Path folder, String cgroupParent) {}
