package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.FilePush;
import io.hypernetes.hyperd.volume.FolderContent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Copies of folders of the host, as volumes of files in a guest's memory.
final class HostCopies {
    /// The folder of the volume that stands for the host's folder, so that it has that one's owner and mode.
    static final String ROOT = "root";

    private static final int MOST_FILES_AT_ONCE = 4000;
    /// Left for what the container writes.
    private static final long ROOM_BYTES = 64L << 20;

    private HostCopies() {}

    /// Adds the messages that carry the folder to `pushes`.
    ///
    /// @return how large the volume must be, in bytes
    static long push(String volume, Path folder, List<FilePush> pushes) {
        List<FilePush.File> part = new ArrayList<>();
        long partBytes = 0;
        long bytes = ROOM_BYTES;
        for (FolderContent.Copied each : FolderContent.copy(folder)) {
            long size = each.data().length + each.path().length() + 64L;
            if (part.size() >= MOST_FILES_AT_ONCE || partBytes + size > FolderContent.MOST_BYTES) {
                pushes.add(new FilePush(volume, part, FilePush.Layout.PLAIN));
                part = new ArrayList<>();
                partBytes = 0;
            }
            part.add(file(each));
            partBytes += size;
            // A page is the least that a file takes.
            bytes += each.data().length + 8192L;
        }
        pushes.add(new FilePush(volume, part, FilePush.Layout.PLAIN));
        return bytes;
    }

    private static FilePush.File file(FolderContent.Copied each) {
        int type = switch (each.kind()) {
            case FILE -> 0;
            case FOLDER -> FilePush.File.FOLDER;
            case LINK -> FilePush.File.LINK;
        };
        String path = each.path().isEmpty() ? ROOT : ROOT + "/" + each.path();
        // A mode of 0 would mean the default.
        int mode = each.mode() == 0 && type == 0 ? 0400 : each.mode();
        return new FilePush.File(path, type | mode, each.data(), each.uid(), each.gid());
    }
}
