package io.hypernetes.hypervisor;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/// Writes an initramfs: an uncompressed cpio archive in the `newc` format. Everything belongs to root and has the time 0, so that the
/// same content gives the same bytes.
final class Cpio {
    private static final int FOLDER = 0040755;
    private static final int DEVICE = 0020000;
    private static final int FILE = 0100000;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Set<String> folders = new HashSet<>();
    private int inode;

    /// Adds a file and the folders above it.
    ///
    /// @param path without a leading slash
    void file(String path, int mode, byte[] content) {
        folders(path);
        entry(path, FILE | mode, 0, 0, content);
    }

    /// Adds a character device that only root may use.
    void device(String path, int major, int minor) {
        folders(path);
        entry(path, DEVICE | 0600, major, minor, new byte[0]);
    }

    private void folders(String path) {
        for (int slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
            if (folders.add(path.substring(0, slash))) {
                entry(path.substring(0, slash), FOLDER, 0, 0, new byte[0]);
            }
        }
    }

    byte[] finish() {
        entry("TRAILER!!!", 0, 0, 0, new byte[0]);
        return out.toByteArray();
    }

    private void entry(String path, int mode, int major, int minor, byte[] content) {
        byte[] name = (path + "\0").getBytes(StandardCharsets.UTF_8);
        inode++;
        int links = mode == FOLDER ? 2 : 1;
        int[] header = {inode, mode, 0, 0, links, 0, content.length, 0, 0, major, minor, name.length, 0};
        StringBuilder text = new StringBuilder("070701");
        for (int field : header) {
            text.append(String.format(Locale.ROOT, "%08X", field));
        }
        out.writeBytes(text.toString().getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(name);
        pad();
        out.writeBytes(content);
        pad();
    }

    private void pad() {
        while (out.size() % 4 != 0) {
            out.write(0);
        }
    }
}
