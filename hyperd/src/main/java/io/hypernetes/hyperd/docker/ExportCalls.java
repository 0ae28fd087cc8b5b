package io.hypernetes.hyperd.docker;

import io.hypernetes.guest.CopySpec;
import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestProcess;
import io.hypernetes.guest.ProcessExit;
import io.hypernetes.hyperd.docker.http.HttpExchange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// What a container holds and what it has changed of its image: `docker export` and `docker diff`. The guest makes both; a container that
/// does not run is given a machine for it.
final class ExportCalls {
    private static final Duration ANSWER = Duration.ofSeconds(30);
    private static final Duration LONG = Duration.ofMinutes(10);
    /// The guest ends its list before that.
    private static final int MOST_CHANGES = 20 << 20;
    private static final int MOST_ERROR = 8192;
    private static final String KINDS = "CAD";

    private ExportCalls() {}

    static void export(HttpExchange exchange, DockerContainer container) throws IOException {
        container.withGuest(guest -> {
            try (GuestProcess archive = guest.copy(CopySpec.whole(container.id(), CopySpec.Direction.EXPORT), ANSWER);
                    OutputStream out = exchange.stream(200, "application/x-tar", Map.of())) {
                archive.stdout().transferTo(out);
            }
        });
        container.tell("export", Map.of());
    }

    /// As the API shows them: kind 0 is changed, 1 added, 2 removed.
    static ArrayNode changes(DockerContainer container) throws IOException {
        ByteArrayOutputStream list = new ByteArrayOutputStream();
        container.withGuest(guest -> whole(guest, container.id(), CopySpec.Direction.CHANGES, out -> list.writeBytes(out.readNBytes(MOST_CHANGES))));
        return parsed(list.toByteArray());
    }

    /// Takes what the guest has to tell, and sees to it that it is all there.
    interface Taker {
        void take(InputStream from) throws IOException;
    }

    /// Something of a container as a whole, by its guest.
    ///
    /// @throws DockerFailure 500 with the guest's reason when it is not whole
    static void whole(Guest guest, String container, CopySpec.Direction what, Taker to) throws IOException {
        try (GuestProcess copy = guest.copy(CopySpec.whole(container, what), ANSWER); InputStream out = copy.stdout()) {
            to.take(out);
            String why = new String(copy.stderr().readNBytes(MOST_ERROR), StandardCharsets.UTF_8).strip();
            Optional<ProcessExit> exit = copy.waitFor(LONG);
            if (exit.map(ProcessExit::code).orElse(1) != 0) {
                throw new DockerFailure(500, "what container " + container + " wrote could not be read: " + why);
            }
        }
    }

    static ArrayNode parsed(byte[] list) {
        ArrayNode changes = JsonNodeFactory.instance.arrayNode();
        for (String record : new String(list, StandardCharsets.UTF_8).split("\0")) {
            int kind = record.isEmpty() ? -1 : KINDS.indexOf(record.charAt(0));
            if (kind >= 0 && record.startsWith("/", 1)) {
                changes.addObject().put("Path", record.substring(1)).put("Kind", kind);
            }
        }
        return changes;
    }
}
