package io.hypernetes.hyperd.cri;

import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.sandbox.Sandbox;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/// What a verbose status tells of a sandbox: its machine, what it costs, and how long each step of its making took.
final class SandboxInfo {
    private SandboxInfo() {}

    static Map<String, Object> of(Sandbox sandbox) {
        SandboxRecord record = sandbox.record();
        Map<String, Object> info = new LinkedHashMap<>();
        info.put("vcpus", record.size().vcpus());
        info.put("memoryMib", record.size().memoryMib());
        info.put("scratchBytes", record.size().scratchBytes());
        info.put("scratchUsedBytes", sandbox.scratchUsedBytes());
        info.put("volumesUsedBytes", sandbox.volumesUsedBytes());
        info.put("layers", record.layers().size());
        info.put("start", start(record.phasesNanos().keySet()));
        info.put("paused", sandbox.isPaused());
        if (!sandbox.coldReason().isEmpty()) {
            info.put("coldReason", sandbox.coldReason());
        }
        info.put("phasesNanos", record.phasesNanos());
        info.put("steps", sandbox.timeline().steps());
        info.put("stepsDropped", sandbox.timeline().dropped());
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

    /// How the machine was started, from the steps that were taken. A copy that failed was followed by a machine that booted; while there is
    /// none yet, it is cold as far as anyone knows.
    static String start(Set<String> phases) {
        if (phases.contains("machine")) {
            return "cold";
        }
        return phases.contains("copy") ? "copy" : "cold";
    }
}
