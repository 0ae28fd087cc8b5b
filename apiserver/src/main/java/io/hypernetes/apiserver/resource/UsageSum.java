package io.hypernetes.apiserver.resource;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import tools.jackson.databind.node.ObjectNode;

/// What some pods use together, in the fields of a NodeMetrics. For one thread.
final class UsageSum {
    private static final BigDecimal NANOS = BigDecimal.valueOf(1_000_000_000), KIB = BigDecimal.valueOf(1024);

    private BigDecimal processors = BigDecimal.ZERO;
    private BigDecimal bytes = BigDecimal.ZERO;
    private String timestamp;
    private String window = "0s";

    /// @param now when nothing was used, in case nothing comes
    UsageSum(String now) {
        this.timestamp = now;
    }

    /// One more pod; one of which a node says no amounts counts for nothing.
    ///
    /// @param said a PodMetrics
    void add(ObjectNode said) {
        var cpu = BigDecimal.ZERO;
        var memory = BigDecimal.ZERO;
        try {
            for (var container : Json.objects(said, "containers")) {
                cpu = cpu.add(Quantity.parse(Json.string(container, "usage", "cpu")).decimal());
                memory = memory.add(Quantity.parse(Json.string(container, "usage", "memory")).decimal());
            }
        } catch (IllegalArgumentException none) {
            return;
        }
        processors = processors.add(cpu);
        bytes = bytes.add(memory);
        // A node measures all of its pods at one moment, and the processors of each since about the same.
        timestamp = Json.string(said, "timestamp");
        window = Json.string(said, "window");
    }

    /// `timestamp`, `window` and `usage`.
    ObjectNode said() {
        var said = Json.object();
        said.put("timestamp", timestamp);
        said.put("window", window);
        said.putObject("usage")
                .put("cpu", processors.multiply(NANOS).setScale(0, RoundingMode.HALF_UP).toPlainString() + "n")
                .put("memory", bytes.divide(KIB, 0, RoundingMode.HALF_UP).toPlainString() + "Ki");
        return said;
    }
}
