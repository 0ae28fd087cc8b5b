package io.hypernetes.hyperd.cri;

import io.hypernetes.guest.GuestException;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.sandbox.Sandbox;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a verbose status tells of a sandbox: its machine, what it costs, and how long each step of its making took.
final class SandboxInfo {
    private static final Logger LOG = LoggerFactory.getLogger(SandboxInfo.class);

    private SandboxInfo() {}

    static Map<String, Object> of(Sandbox sandbox) {
        SandboxRecord record = sandbox.record();
        Map<String, Object> info = new LinkedHashMap<>();
        info.put("vcpus", record.size().vcpus());
        info.put("memoryMib", record.size().memoryMib());
        info.put("scratchBytes", record.size().scratchBytes());
        info.put("layers", record.layers().size());
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

    /// Does something for one sandbox of many; one whose guest does not answer is left out.
    static void unlessSilent(Sandbox sandbox, Runnable work) {
        try {
            work.run();
        } catch (GuestException | HyperdException silent) {
            LOG.info("event=no-stats sandbox={} error=\"{}\"", sandbox.id(), silent.getMessage());
        }
    }
}
