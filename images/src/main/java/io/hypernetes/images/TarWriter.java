package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.TreeMap;

/// Writes a tar: ustar headers, pax ones before them where a value does not fit.
final class TarWriter {
    private final OutputStream out;
    private final byte[] buffer = new byte[1 << 16];

    TarWriter(OutputStream out) {
        this.out = out;
    }

    /// Writes an entry; `content` must give exactly its size.
    void write(TarEntry entry, InputStream content) throws IOException {
        TreeMap<String, byte[]> pax = new TreeMap<>();
        entry.attributes().forEach((name, value) -> pax.put("SCHILY.xattr." + name, value));
        if (entry.name().length() > 100) {
            pax.put("path", entry.name().getBytes(ISO_8859_1));
        }
        if (entry.linkName().length() > 100) {
            pax.put("linkpath", entry.linkName().getBytes(ISO_8859_1));
        }
        putLarge(pax, "size", entry.size(), 11);
        putLarge(pax, "uid", entry.uid(), 7);
        putLarge(pax, "gid", entry.gid(), 7);
        putLarge(pax, "mtime", entry.modifiedSeconds(), 11);
        if (!pax.isEmpty()) {
            ByteArrayOutputStream records = new ByteArrayOutputStream();
            pax.forEach((key, value) -> record(records, key, value));
            out.write(header("pax", 'x', 0644, 0, 0, records.size(), 0, "", 0, 0));
            records.writeTo(out);
            pad(records.size());
        }
        out.write(header(entry.name(), entry.type().flag, entry.mode(), entry.uid(), entry.gid(), entry.size(),
                entry.modifiedSeconds(), entry.linkName(), entry.deviceMajor(), entry.deviceMinor()));
        long left = entry.size();
        while (left > 0) {
            int read = content.read(buffer, 0, (int) Math.min(buffer.length, left));
            if (read < 0) {
                throw new IOException("'" + Text.shortened(entry.name()) + "' ended " + left + " bytes too early");
            }
            out.write(buffer, 0, read);
            left -= read;
        }
        pad(entry.size());
    }

    /// Ends the archive and flushes; does not close.
    void finish() throws IOException {
        out.write(new byte[2 * TarReader.BLOCK]);
        out.flush();
    }

    private void pad(long size) throws IOException {
        out.write(new byte[(int) (-size & (TarReader.BLOCK - 1))]);
    }

    private static void putLarge(TreeMap<String, byte[]> pax, String key, long value, int digits) {
        if (value < 0 || value >= 1L << 3 * digits) {
            pax.put(key, Long.toString(value).getBytes(ISO_8859_1));
        }
    }

    private static void record(ByteArrayOutputStream out, String key, byte[] value) {
        int rest = key.length() + value.length + 3; // blank, equals sign, newline
        int length = rest + Integer.toString(rest).length();
        if (Integer.toString(length).length() > Integer.toString(rest).length()) {
            length++;
        }
        out.writeBytes((length + " " + key + "=").getBytes(ISO_8859_1));
        out.writeBytes(value);
        out.write('\n');
    }

    private static byte[] header(String name, char flag, int mode, long uid, long gid, long size, long modified,
            String link, int major, int minor) {
        byte[] block = new byte[TarReader.BLOCK];
        text(block, 0, 100, name);
        octal(block, 100, 8, mode);
        octal(block, 108, 8, uid);
        octal(block, 116, 8, gid);
        octal(block, 124, 12, size);
        octal(block, 136, 12, modified);
        block[156] = (byte) flag;
        text(block, 157, 100, link);
        text(block, 257, 6, "ustar");
        block[263] = '0';
        block[264] = '0';
        octal(block, 329, 8, major);
        octal(block, 337, 8, minor);
        java.util.Arrays.fill(block, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte b : block) {
            sum += b & 0xff;
        }
        octal(block, 148, 7, sum);
        return block;
    }

    private static void text(byte[] block, int at, int length, String text) {
        byte[] bytes = text.getBytes(ISO_8859_1);
        System.arraycopy(bytes, 0, block, at, Math.min(length, bytes.length));
    }

    /// The value as octal digits and a NUL; one that does not fit is in the pax header and 0 here.
    private static void octal(byte[] block, int at, int length, long value) {
        boolean fits = value >= 0 && value < 1L << 3 * (length - 1);
        String digits = Long.toOctalString(fits ? value : 0);
        text(block, at, length - 1, "0".repeat(length - 1 - digits.length()) + digits);
    }
}
