package io.hypernetes.simulate;

import io.fabric8.kubernetes.api.model.Taint;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// The simulated nodes.
///
/// @param count how many; they are named `PREFIX-0` and so on
/// @param zones over how many zones they are spread, evenly; 0 gives them no zone label
/// @param room what each node offers, by resource name
/// @param labels further labels of every node
/// @param taints of every node from its first moment on
/// @param heartbeat how often each renews its lease
public record SimulationSettings(
        String prefix, int count, int zones, Map<String, String> room, Map<String, String> labels, List<Taint> taints, Duration heartbeat) {

    public SimulationSettings {
        room = Map.copyOf(room);
        labels = Map.copyOf(labels);
        taints = List.copyOf(taints);
        if (count < 1 || count > 100_000) {
            throw new IllegalArgumentException("the number of simulated nodes must be 1 to 100000, not " + count);
        }
    }

    /// Nodes of 32 cores and 256 GiB with room for 110 pods, in three zones, beating every ten seconds.
    public static SimulationSettings nodes(int count) {
        return new SimulationSettings(
                "simulated", count, 3, Map.of("cpu", "32", "memory", "256Gi", "ephemeral-storage", "1Ti", "pods", "110"), Map.of(), List.of(), Duration.ofSeconds(10));
    }

    String name(int number) {
        return prefix + "-" + number;
    }
}
