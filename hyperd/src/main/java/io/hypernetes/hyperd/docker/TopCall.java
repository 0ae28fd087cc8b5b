package io.hypernetes.hyperd.docker;

import io.hypernetes.guest.ExecSpec;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.GuestProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `docker top`: the image's own ps, as the host sees no processes of a machine.
final class TopCall {
    private static final int MOST_BYTES = 1 << 20;

    private TopCall() {}

    static ObjectNode of(DockerContainer container, String arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("ps"));
        command.addAll(List.of((arguments.isBlank() ? "-ef" : arguments.strip()).split("\\s+")));
        String printed;
        String complaint;
        try (GuestProcess ps = container.unpaused("its processes are listed").sandbox().guest().exec(ExecSpec.of(container.id(), command), Duration.ofSeconds(30))) {
            printed = new String(ps.stdout().readNBytes(MOST_BYTES), StandardCharsets.UTF_8);
            complaint = printed.isBlank() ? new String(ps.stderr().readNBytes(MOST_BYTES), StandardCharsets.UTF_8).strip() : "";
        } catch (GuestException refused) {
            if (refused.kind() != GuestException.Kind.REFUSED) {
                throw refused;
            }
            throw new DockerFailure(500, "docker top runs the image's own ps, and there is none that runs: " + Runs.execRefusal("ps", refused.errno())
                    + "; docker stats tells how many processes there are");
        }
        List<String> lines = printed.lines().toList();
        if (lines.isEmpty()) {
            throw new DockerFailure(500, "the image's own " + String.join(" ", command) + " printed nothing; give docker top arguments that it knows. It said: " + complaint);
        }
        String[] titles = lines.getFirst().strip().split("\\s+");
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        List.of(titles).forEach(json.putArray("Titles")::add);
        var processes = json.putArray("Processes");
        lines.stream().skip(1).forEach(line -> List.of(line.strip().split("\\s+", titles.length)).forEach(processes.addArray()::add));
        return json;
    }
}
