package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads a tar: ustar, pax and GNU headers, sparse files of all four kinds. Input is hostile: every length is bounded, a
/// header that is not understood is refused. Extended attributes are taken as bytes, which general libraries do not.
final class TarReader {
    static final int BLOCK = 512;
    private static final int MOST_HEADER_BYTES = 1 << 20;
    private static final int MOST_HEADERS = 64;
    private static final String ATTRIBUTE = "SCHILY.xattr.";

    private final InputStream in;
    private final byte[] block = new byte[BLOCK];
    private long stored; // bytes of the current entry's data still unread
    private int padding;
    private SparseMap map = SparseMap.WHOLE;

    TarReader(InputStream in) {
        this.in = in;
    }

    /// The next entry; null at the end of the archive. What was not read of the previous one is skipped.
    @Nullable TarEntry next() throws IOException {
        Map<String, String> pax = new HashMap<>();
        String longName = null;
        String longLink = null;
        for (int headers = 0; ; headers++) {
            if (headers > MOST_HEADERS) {
                throw new IOException("a tar entry with more than " + MOST_HEADERS + " headers before it");
            }
            skipData();
            if (!readHeader()) {
                return null;
            }
            byte flag = block[156];
            long size = number(124, 12);
            stored = size;
            padding = (int) (-size & (BLOCK - 1));
            switch (flag) {
                case 'x' -> readPax(pax, size);
                case 'g' -> skipData(); // defaults for what follows; no image builder sets one that matters
                case 'L' -> longName = text(size);
                case 'K' -> longLink = text(size);
                default -> {
                    return entry(flag, size, pax, longName, longLink);
                }
            }
        }
    }

    /// The content of the current entry, holes filled with zeros; valid until the next call of [#next].
    InputStream content() {
        return map.over(new Stored());
    }

    private TarEntry entry(
            byte flag, long size, Map<String, String> pax, @Nullable String longName, @Nullable String longLink)
            throws IOException {
        Map<String, byte[]> attributes = new LinkedHashMap<>();
        pax.forEach((key, value) -> {
            if (key.startsWith(ATTRIBUTE)) {
                attributes.put(key.substring(ATTRIBUTE.length()), value.getBytes(ISO_8859_1));
            }
        });
        String name = pax.getOrDefault("path", longName != null ? longName : headerName());
        String link = pax.getOrDefault("linkpath", longLink != null ? longLink : string(157, 100));
        if (pax.containsKey("size")) {
            size = decimal(pax, "size", size);
            stored = size;
            padding = (int) (-size & (BLOCK - 1));
        }
        TarEntry.Type type = type(flag, name);
        int mode = (int) number(100, 8) & 07777;
        long uid = id(decimal(pax, "uid", number(108, 8)));
        long gid = id(decimal(pax, "gid", number(116, 8)));
        long modified = seconds(pax);
        int major = isDevice(type) ? (int) number(329, 8) : 0;
        int minor = isDevice(type) ? (int) number(337, 8) : 0;
        map = SparseMap.WHOLE;
        if (flag == 'S') {
            map = SparseMap.ofOldHeader(block, this::readBlock);
        } else if (type == TarEntry.Type.FILE && pax.keySet().stream().anyMatch(key -> key.startsWith("GNU.sparse."))) {
            name = pax.getOrDefault("GNU.sparse.name", name);
            map = "1".equals(pax.get("GNU.sparse.major")) ? SparseMap.ofData(pax, this::readBlock) : SparseMap.ofPax(pax);
        }
        if (type != TarEntry.Type.FILE) {
            // Some writers give a size to links and folders; only files have data, except that old ones really padded it.
            if (type != TarEntry.Type.FOLDER && type != TarEntry.Type.HARD_LINK && stored > 0) {
                throw new IOException("tar entry '" + Text.shortened(name) + "' is no file but has " + stored + " bytes");
            }
            if (type == TarEntry.Type.HARD_LINK) {
                stored = 0;
                padding = 0;
            }
        }
        map.requireFits(stored, name);
        long whole = type == TarEntry.Type.FILE ? (map == SparseMap.WHOLE ? stored : map.size()) : 0;
        return new TarEntry(name, type, mode, uid, gid, whole, modified, link, major, minor, attributes);
    }

    private static TarEntry.Type type(byte flag, String name) throws IOException {
        return switch (flag) {
            case '0', 0, '7' -> name.endsWith("/") ? TarEntry.Type.FOLDER : TarEntry.Type.FILE;
            case 'S' -> TarEntry.Type.FILE;
            case '1' -> TarEntry.Type.HARD_LINK;
            case '2' -> TarEntry.Type.SYMBOLIC_LINK;
            case '3' -> TarEntry.Type.CHARACTER_DEVICE;
            case '4' -> TarEntry.Type.BLOCK_DEVICE;
            case '5' -> TarEntry.Type.FOLDER;
            case '6' -> TarEntry.Type.FIFO;
            default -> throw new IOException(
                    "tar entry '" + Text.shortened(name) + "' has the unknown type " + (flag & 0xff));
        };
    }

    private static boolean isDevice(TarEntry.Type type) {
        return type == TarEntry.Type.CHARACTER_DEVICE || type == TarEntry.Type.BLOCK_DEVICE;
    }

    private static long id(long id) throws IOException {
        if (id < 0 || id >= 0xffff_ffffL) {
            throw new IOException("tar entry with the owner " + id);
        }
        return id;
    }

    private long seconds(Map<String, String> pax) throws IOException {
        String exact = pax.get("mtime");
        if (exact == null) {
            return number(136, 12);
        }
        int dot = exact.indexOf('.');
        if (dot < 0) {
            return parse("mtime", exact);
        }
        boolean before = exact.startsWith("-"); // -0.5 lies in the second that begins at -1
        String whole = exact.substring(before ? 1 : 0, dot);
        boolean fraction = exact.substring(dot + 1).chars().anyMatch(digit -> digit != '0');
        long seconds = whole.isEmpty() ? 0 : parse("mtime", whole);
        return before ? -seconds - (fraction ? 1 : 0) : seconds;
    }

    private String headerName() {
        String name = string(0, 100);
        boolean posix = block[257] == 'u' && block[258] == 's' && block[259] == 't' && block[260] == 'a' && block[261] == 'r'
                && block[262] == 0;
        String prefix = posix ? string(345, 155) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    private String string(int from, int length) {
        int end = from;
        while (end < from + length && block[end] != 0) {
            end++;
        }
        return new String(block, from, end - from, ISO_8859_1);
    }

    private long number(int from, int length) throws IOException {
        return number(block, from, length);
    }

    /// An octal number, or the GNU form for large ones: the high bit set, then big-endian bytes.
    static long number(byte[] block, int from, int length) throws IOException {
        if ((block[from] & 0x80) != 0) {
            long value = block[from] == (byte) 0xff ? -1 : block[from] & 0x7f;
            for (int i = from + 1; i < from + length; i++) {
                if (value > Long.MAX_VALUE >> 8 || value < Long.MIN_VALUE >> 8) {
                    throw new IOException("a number in a tar header is too large");
                }
                value = value << 8 | block[i] & 0xff;
            }
            return value;
        }
        String digits = new String(block, from, length, ISO_8859_1).replace('\0', ' ').strip();
        if (digits.isEmpty()) {
            return 0;
        }
        try {
            return Long.parseLong(digits, 8);
        } catch (NumberFormatException e) {
            throw new IOException("'" + Text.shortened(digits) + "' is no number of a tar header", e);
        }
    }

    private static long decimal(Map<String, String> pax, String key, long otherwise) throws IOException {
        String value = pax.get(key);
        return value == null ? otherwise : parse(key, value);
    }

    static long parse(String key, String value) throws IOException {
        try {
            return Long.parseLong(value.strip());
        } catch (NumberFormatException e) {
            throw new IOException("'" + Text.shortened(value) + "' is no value of '" + key + "' in a tar header", e);
        }
    }

    /// Records of the form `length key=value\n`, the length counting all of itself.
    private void readPax(Map<String, String> pax, long size) throws IOException {
        byte[] records = bytes(size);
        StringBuilder pieces = new StringBuilder();
        int at = 0;
        while (at < records.length) {
            int space = at;
            while (space < records.length && records[space] != ' ') {
                space++;
            }
            long length = parse("length", new String(records, at, space - at, ISO_8859_1));
            int equals = space + 1;
            while (equals < records.length && records[equals] != '=') {
                equals++;
            }
            if (length <= equals - at || length > records.length - at || records[(int) (at + length - 1)] != '\n') {
                throw new IOException("a pax header of the tar is malformed");
            }
            String key = new String(records, space + 1, equals - space - 1, ISO_8859_1);
            String value = new String(records, equals + 1, (int) (at + length - 1) - equals - 1, ISO_8859_1);
            // The one key that repeats: the oldest sparse form lists its pieces so.
            if (key.equals("GNU.sparse.offset") || key.equals("GNU.sparse.numbytes")) {
                pieces.append(pieces.isEmpty() ? "" : ",").append(value);
            } else {
                pax.put(key, value);
            }
            at += (int) length;
        }
        if (!pieces.isEmpty()) {
            String before = pax.get("GNU.sparse.map");
            if (before != null && before.length() + pieces.length() > MOST_HEADER_BYTES) {
                throw new IOException("a sparse map of the tar is longer than " + MOST_HEADER_BYTES + " bytes");
            }
            pax.put("GNU.sparse.map", before == null ? pieces.toString() : before + "," + pieces);
        }
    }

    private String text(long size) throws IOException {
        byte[] bytes = bytes(size);
        int end = 0;
        while (end < bytes.length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, 0, end, ISO_8859_1);
    }

    private byte[] bytes(long size) throws IOException {
        if (size < 0 || size > MOST_HEADER_BYTES) {
            throw new IOException("a tar header of " + size + " bytes; " + MOST_HEADER_BYTES + " at most are read");
        }
        byte[] bytes = in.readNBytes((int) size);
        if (bytes.length < size) {
            throw new EOFException("the tar ends in a header");
        }
        stored = 0;
        skipData();
        return bytes;
    }

    /// False at the end of the archive: a block of zeros, or no block at all.
    private boolean readHeader() throws IOException {
        int read = in.readNBytes(block, 0, BLOCK);
        if (read == 0) {
            return false;
        }
        if (read < BLOCK) {
            throw new EOFException("the tar ends in a header");
        }
        long unsigned = 0;
        long signed = 0;
        boolean empty = true;
        for (int i = 0; i < BLOCK; i++) {
            byte value = i >= 148 && i < 156 ? (byte) ' ' : block[i];
            unsigned += value & 0xff;
            signed += value;
            empty &= block[i] == 0;
        }
        if (empty) {
            return false;
        }
        long stated = number(148, 8);
        if (stated != unsigned && stated != signed) {
            throw new IOException("this is no tar, or it is damaged: the checksum of a header is wrong");
        }
        long size = number(124, 12);
        if (size < 0) {
            throw new IOException("a tar entry with the size " + size);
        }
        return true;
    }

    /// A block of the current entry's own data, which is a part of a sparse map.
    private byte[] readBlock(boolean counted) throws IOException {
        byte[] data = in.readNBytes(BLOCK);
        if (data.length < BLOCK) {
            throw new EOFException("the tar ends in a sparse map");
        }
        if (counted) {
            stored -= BLOCK;
        }
        return data;
    }

    private void skipData() throws IOException {
        map = SparseMap.WHOLE;
        long left = stored + padding;
        stored = 0;
        padding = 0;
        try {
            in.skipNBytes(left);
        } catch (EOFException e) {
            throw new EOFException("the tar ends in the content of a file");
        }
    }

    /// The entry's data as it lies in the tar.
    private final class Stored extends InputStream {
        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int from, int length) throws IOException {
            if (stored <= 0) {
                return -1;
            }
            int read = in.read(buffer, from, (int) Math.min(length, stored));
            if (read < 0) {
                throw new EOFException("the tar ends in the content of a file");
            }
            stored -= read;
            return read;
        }
    }
}
