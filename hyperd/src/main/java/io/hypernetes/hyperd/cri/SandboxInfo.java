package io.hypernetes.hyperd.cri;

import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.sandbox.Sandbox;
import java.util.LinkedHashMap;
import java.util.Map;

/// What a verbose status tells of a sandbox: its machine, what it costs, and how long each step of its making took.
final class SandboxInfo {
    private SandboxInfo() {}

    static Map<String, Object> of(Sandbox sandbox) {
        SandboxRecord record = sandbox.record();
        Map<String, Object> info = new LinkedHashMap<>();
        info.put("vcpus", record.size().vcpus());
        info.put("memoryMib", record.size().memoryMib());
        info.put("scratchBytes", record.size().scratchBytes());
        info.put("layers", record.layers().size());
        info.put("start", record.phasesNanos().containsKey("machine") ? "cold" : record.phasesNanos().containsKey("release") ? "parked copy" : "copy");
        info.put("phasesNanos", record.phasesNanos());
        if (!record.message().isEmpty()) {
            info.put("message", record.message());
        }
        sandbox.machineRecord().ifPresent(machine -> {
            info.put("pid", machine.pid());
            info.put("machine", machine.uuid().toString());
            info.put("folder", machine.folder().toString());
            info.put("cgroup", machine.cgroup());
        });
        sandbox.usage().ifPresent(usage -> {
            info.put("pssBytes", usage.pssBytes());
            info.put("cpuNanos", usage.cpuNanos());
        });
        return info;
    }
}
