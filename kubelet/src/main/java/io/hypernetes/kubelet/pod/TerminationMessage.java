package io.hypernetes.kubelet.pod;

import io.hypernetes.kubelet.cri.Labels;
import io.hypernetes.kubelet.cri.ObservedContainer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/// What a container said about its end, in the file that its spec names; at most 4096 bytes.
final class TerminationMessage {
    private static final int LONGEST = 4096;

    private TerminationMessage() {}

    /// @param podFolder the pod's folder; a file elsewhere is not read
    static String of(ObservedContainer ended, Path podFolder) {
        String path = ended.annotations().get(Labels.MESSAGE_FILE);
        if (path == null) {
            return ended.message();
        }
        Path file = Path.of(path).normalize();
        if (!file.startsWith(podFolder) || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return ended.message();
        }
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            String said = new String(in.readNBytes(LONGEST), StandardCharsets.UTF_8);
            return said.isEmpty() ? ended.message() : said;
        } catch (IOException gone) {
            return ended.message();
        }
    }
}
