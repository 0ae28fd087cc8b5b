package io.hypernetes.guest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/// Asks what is at a path, by a copy that copies nothing.
final class Copying {
    private static final int MOST_BYTES = 8_192;

    private Copying() {}

    static FileStatus status(Guest guest, String container, String path, Duration deadline) {
        CopySpec asked = new CopySpec(container, CopySpec.Direction.STATUS, path, "", false, null);
        String tried = "looking at " + path + " in container " + container;
        try (GuestProcess process = guest.copy(asked, deadline)) {
            byte[] told = process.stdout().readNBytes(MOST_BYTES);
            String why = new String(process.stderr().readNBytes(MOST_BYTES), StandardCharsets.UTF_8);
            int code = process.waitFor(deadline)
                    .orElseThrow(() -> GuestException.deadline(tried, deadline.toMillis()))
                    .code();
            if (code != 0) {
                throw GuestException.refused(tried, code == CopySpec.NOT_FOUND ? Errno.ENOENT : Errno.EINVAL, "copy", why);
            }
            return Answers.fileStatus(Message.parse(told));
        } catch (IOException lost) {
            throw GuestException.disconnected(tried + ": " + lost.getMessage());
        }
    }
}
