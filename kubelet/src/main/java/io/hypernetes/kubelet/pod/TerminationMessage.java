package io.hypernetes.kubelet.pod;

import io.hypernetes.kubelet.cri.Labels;
import io.hypernetes.kubelet.cri.ObservedContainer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;

/// What a container said about its end, in the file that its spec names; at most 4096 bytes. When it ended badly, said nothing there and wants so, the end of its log:
/// at most 80 lines and 2048 bytes.
final class TerminationMessage {
    private static final int LONGEST = 4096;
    private static final int LONGEST_OF_LOG = 2048;
    private static final int MOST_LINES_OF_LOG = 80;
    /// Each entry of the log has its time in front.
    private static final int LOOKED_AT = 32 << 10;

    private TerminationMessage() {}

    /// @param podFolder the pod's folder; a file elsewhere is not read
    static String of(ObservedContainer ended, Path podFolder) {
        String said = file(ended, podFolder);
        if (said.isEmpty() && ended.exitCode() != 0 && "FallbackToLogsOnError".equals(ended.annotations().get(Labels.MESSAGE_POLICY))) {
            said = endOfLog(Path.of(ended.logPath()));
        }
        return said.isEmpty() ? ended.message() : said;
    }

    private static String file(ObservedContainer ended, Path podFolder) {
        String path = ended.annotations().get(Labels.MESSAGE_FILE);
        if (path == null) {
            return "";
        }
        Path file = Path.of(path).normalize();
        if (!file.startsWith(podFolder) || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return "";
        }
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            return new String(in.readNBytes(LONGEST), StandardCharsets.UTF_8);
        } catch (IOException gone) {
            return "";
        }
    }

    /// Entries are `TIME STREAM P|F CONTENT`, a P being a part of a line.
    private static String endOfLog(Path log) {
        if (!Files.isRegularFile(log)) {
            return "";
        }
        try (FileChannel channel = FileChannel.open(log)) {
            long from = Math.max(0, channel.size() - LOOKED_AT);
            channel.position(from);
            String text = new String(Channels.newInputStream(channel).readNBytes(LOOKED_AT), StandardCharsets.UTF_8);
            List<String> entries = text.lines().skip(from == 0 ? 0 : 1).toList();
            StringBuilder end = new StringBuilder();
            for (String entry : entries.subList(Math.max(0, entries.size() - MOST_LINES_OF_LOG), entries.size())) {
                String[] parts = entry.split(" ", 4);
                if (parts.length == 4) {
                    end.append(parts[3]).append(parts[2].equals("P") ? "" : "\n");
                }
            }
            byte[] bytes = end.toString().getBytes(StandardCharsets.UTF_8);
            int first = Math.max(0, bytes.length - LONGEST_OF_LOG);
            return new String(bytes, first, bytes.length - first, StandardCharsets.UTF_8);
        } catch (IOException gone) {
            return "";
        }
    }
}
