package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.FileContent;
import io.hypernetes.guest.FileRequest;
import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.journal.ContainerRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a container wrote to say why it ended, copied to the file of this host that was mounted for it.
final class TerminationMessage {
    private static final Logger LOG = LoggerFactory.getLogger(TerminationMessage.class);
    private static final int MOST_BYTES = 4096;
    private static final Duration ANSWER = Duration.ofSeconds(5);

    private TerminationMessage() {}

    static void copy(ContainerRecord container, Supplier<Guest> guest) {
        for (ContainerRecord.Mount mount : container.mounts()) {
            if (!mount.terminationFile()) {
                continue;
            }
            try {
                FileContent content = guest.get().readFile(
                        new FileRequest(
                                "",
                                PlannedMounts.TERMINATION + container.id(),
                                PlannedMounts.ONLY_FILE,
                                MOST_BYTES,
                                FileRequest.Part.LAST_BYTES),
                        ANSWER);
                if (content.data().length > 0) {
                    Files.write(
                            Path.of(mount.hostPath()),
                            content.data(),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.TRUNCATE_EXISTING,
                            LinkOption.NOFOLLOW_LINKS);
                }
            } catch (GuestException | HyperdException | IOException failure) {
                LOG.warn("event=termination-message-lost container={} error=\"{}\"", container.id(), failure.getMessage());
            }
        }
    }
}
