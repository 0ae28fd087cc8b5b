package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// A module depends only on modules on its own or a lower floor; the rooms of the third floor do not know each other.
class FloorsTest {
    private static final Map<String, Integer> FLOORS = new TreeMap<>();

    static {
        FLOORS.put("fuzz", 0);
        List.of("linux", "cri", "streams", "objects", "openstack", "telemetry").forEach(module -> FLOORS.put(module, 1));
        List.of("store", "identity", "network", "guest", "hypervisor", "images", "client").forEach(module -> FLOORS.put(module, 2));
        List.of("apiserver", "scheduler", "controllers", "kubelet", "proxy", "simulate", "hyperd").forEach(module -> FLOORS.put(module, 3));
        FLOORS.put("cli", 4);
        List.of("acceptance", "bench").forEach(module -> FLOORS.put(module, 5));
    }

    private static final Pattern OURS = Pattern.compile(
            "<dependency>\\s*<groupId>io\\.hypernetes</groupId>\\s*<artifactId>([a-z]+)</artifactId>((?:(?!</dependency>).)*)</dependency>", Pattern.DOTALL);

    @Test
    void dependenciesPointDownwards() throws IOException {
        Path checkout = Path.of("").toAbsolutePath().getParent();
        for (String module : FLOORS.keySet()) {
            Matcher dependency = OURS.matcher(Files.readString(checkout.resolve(module).resolve("pom.xml")));
            while (dependency.find()) {
                if (dependency.group(2).contains("<scope>test</scope>")) {
                    continue;
                }
                String other = dependency.group(1);
                assertThat(FLOORS).containsKey(other);
                assertThat(FLOORS.get(other)).as("%s depends on %s", module, other).isLessThanOrEqualTo(FLOORS.get(module));
                if (FLOORS.get(module) == 3) {
                    assertThat(FLOORS.get(other)).as("%s depends on %s, a neighbour", module, other).isLessThan(3);
                }
            }
        }
    }

    @Test
    void everyModuleHasAFloor() throws IOException {
        Matcher module = Pattern.compile("<module>([a-z]+)</module>").matcher(Files.readString(Path.of("").toAbsolutePath().getParent().resolve("pom.xml")));
        while (module.find()) {
            assertThat(FLOORS).containsKey(module.group(1));
        }
    }
}
