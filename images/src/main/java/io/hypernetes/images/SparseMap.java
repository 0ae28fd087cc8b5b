package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// Where the pieces of a sparse file lie; the rest are zeros.
///
/// @param pieces offset and length in turn, ascending, not overlapping
/// @param size length of the file
record SparseMap(List<Long> pieces, long size) {
    static final SparseMap WHOLE = new SparseMap(List.of(), -1);
    private static final int MOST_PIECES = 1 << 18;

    /// Reads another block of the archive; `counted` when it is part of the entry's size.
    interface Blocks {
        byte[] next(boolean counted) throws IOException;
    }

    /// GNU's first form: four pieces in the header, more in blocks between header and data.
    static SparseMap ofOldHeader(byte[] header, Blocks blocks) throws IOException {
        List<Long> pieces = new ArrayList<>();
        long size = TarReader.number(header, 483, 12);
        collect(pieces, header, 386, 4);
        boolean more = header[482] != 0;
        while (more) {
            byte[] block = blocks.next(false);
            collect(pieces, block, 0, 21);
            more = block[504] != 0;
        }
        return checked(pieces, size);
    }

    private static void collect(List<Long> pieces, byte[] block, int from, int count) throws IOException {
        for (int i = 0; i < count && block[from + 24 * i + 12] != 0; i++) {
            pieces.add(TarReader.number(block, from + 24 * i, 12));
            pieces.add(TarReader.number(block, from + 24 * i + 12, 12));
            requireFew(pieces);
        }
    }

    /// GNU's pax forms 0.0 and 0.1: the list is in the pax header.
    static SparseMap ofPax(Map<String, String> pax) throws IOException {
        List<Long> pieces = new ArrayList<>();
        String map = pax.getOrDefault("GNU.sparse.map", "");
        for (String number : map.isEmpty() ? new String[0] : map.split(",")) {
            pieces.add(TarReader.parse("GNU.sparse.map", number));
            requireFew(pieces);
        }
        return checked(pieces, TarReader.parse("GNU.sparse.size", pax.getOrDefault("GNU.sparse.size", "")));
    }

    /// GNU's pax form 1.0: decimal lines at the start of the data, filled up to a block.
    static SparseMap ofData(Map<String, String> pax, Blocks blocks) throws IOException {
        Lines lines = new Lines(blocks);
        long count = lines.next();
        if (count < 0 || count > MOST_PIECES) {
            throw new IOException("a sparse file of " + count + " pieces in the tar");
        }
        List<Long> pieces = new ArrayList<>();
        for (long i = 0; i < 2 * count; i++) {
            pieces.add(lines.next());
        }
        return checked(pieces, TarReader.parse("GNU.sparse.realsize", pax.getOrDefault("GNU.sparse.realsize", "")));
    }

    private static void requireFew(List<Long> pieces) throws IOException {
        if (pieces.size() > 2 * MOST_PIECES) {
            throw new IOException("a sparse file of more than " + MOST_PIECES + " pieces in the tar");
        }
    }

    private static SparseMap checked(List<Long> pieces, long size) throws IOException {
        long end = 0;
        if (pieces.size() % 2 != 0 || size < 0) {
            throw new IOException("a sparse map of the tar is malformed");
        }
        for (int i = 0; i < pieces.size(); i += 2) {
            long offset = pieces.get(i);
            long length = pieces.get(i + 1);
            if (offset < end || length < 0 || offset > size || length > size - offset) {
                throw new IOException("a sparse map of the tar is malformed");
            }
            end = offset + length;
        }
        return new SparseMap(List.copyOf(pieces), size);
    }

    void requireFits(long stored, String name) throws IOException {
        if (size < 0) {
            return;
        }
        long sum = 0;
        for (int i = 1; i < pieces.size(); i += 2) {
            sum += pieces.get(i);
        }
        if (sum != stored) {
            throw new IOException("the sparse map of '" + Text.shortened(name) + "' does not fit its data");
        }
    }

    InputStream over(InputStream data) {
        return size < 0 ? data : new Filled(data);
    }

    private final class Filled extends InputStream {
        private final InputStream data;
        private long position;
        private int piece;

        Filled(InputStream data) {
            this.data = data;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int from, int length) throws IOException {
            while (piece < pieces.size() && position == pieces.get(piece) + pieces.get(piece + 1)) {
                piece += 2;
            }
            if (position >= size) {
                return -1;
            }
            boolean last = piece >= pieces.size();
            long start = last ? size : pieces.get(piece);
            if (position < start) {
                int zeros = (int) Math.min(length, start - position);
                Arrays.fill(buffer, from, from + zeros, (byte) 0);
                position += zeros;
                return zeros;
            }
            int read = data.read(buffer, from, (int) Math.min(length, start + pieces.get(piece + 1) - position));
            if (read < 0) {
                throw new IOException("the tar ends in a sparse file");
            }
            position += read;
            return read;
        }
    }

    private static final class Lines {
        private final Blocks blocks;
        private byte[] block = new byte[0];
        private int at;

        Lines(Blocks blocks) {
            this.blocks = blocks;
        }

        long next() throws IOException {
            StringBuilder digits = new StringBuilder();
            while (true) {
                if (at == block.length) {
                    block = blocks.next(true);
                    at = 0;
                }
                char c = (char) block[at++];
                if (c == '\n') {
                    return TarReader.parse("sparse map", new String(digits.toString().getBytes(ISO_8859_1), ISO_8859_1));
                }
                if (digits.length() > 20) {
                    throw new IOException("a sparse map of the tar is malformed");
                }
                digits.append(c);
            }
        }
    }
}
