package io.hypernetes.images;

import java.util.List;
import java.util.Map;

/// The execution part of an OCI image configuration (OCI image specification 1.1, config.md).
///
/// @param environment `NAME=value` in order
/// @param user as written: empty, `name`, `uid`, `name:group`, `uid:gid`
/// @param workingDirectory absolute, or empty for `/`
/// @param stopSignal name or number, empty for SIGTERM
public record ImageConfig(
        List<String> entrypoint,
        List<String> command,
        List<String> environment,
        String user,
        String workingDirectory,
        String stopSignal,
        List<String> exposedPorts,
        List<String> volumes,
        Map<String, String> labels) {

    public ImageConfig {
        entrypoint = List.copyOf(entrypoint);
        command = List.copyOf(command);
        environment = List.copyOf(environment);
        exposedPorts = List.copyOf(exposedPorts);
        volumes = List.copyOf(volumes);
        labels = Map.copyOf(labels);
    }
}
