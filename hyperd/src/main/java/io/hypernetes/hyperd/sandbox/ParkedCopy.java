package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hypervisor.ParkedMachine;
import io.hypernetes.hypervisor.Template;
import java.util.List;
import java.util.UUID;

/// A machine that waits for its pod, with a disk and a tap of its own. It has the id of the sandbox that it will be: folder, cgroup, disk
/// and tap need no other name when the pod comes.
///
/// @param id of the sandbox to be
/// @param machineId what the hypervisor knows it by
/// @param layers what its read-only disk holds already
record ParkedCopy(String id, UUID machineId, Template template, ParkedMachine machine, List<SandboxRecord.Layer> layers) {}
