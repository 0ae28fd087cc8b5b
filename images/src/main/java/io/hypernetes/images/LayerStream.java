package io.hypernetes.images;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.zip.GZIPInputStream;

/// A layer's tar out of its blob, whatever the compression, counted and hashed on the way.
final class LayerStream extends FilterInputStream {
    private final MessageDigest hash = Digest.sha256();
    private final byte[] scratch = new byte[1 << 16];
    private final long limit;
    private long count;

    private LayerStream(InputStream in, long limit) {
        super(in);
        this.limit = limit;
    }

    /// The first bytes tell the compression: media types are wrong too often.
    ///
    /// @param limit most bytes that come out
    static LayerStream over(InputStream blob, long limit, NativeZstd zstd) throws IOException {
        BufferedInputStream buffered = new BufferedInputStream(blob, 1 << 16);
        buffered.mark(4);
        byte[] magic = buffered.readNBytes(4);
        buffered.reset();
        return new LayerStream(plain(buffered, magic, zstd), limit);
    }

    private static InputStream plain(BufferedInputStream in, byte[] magic, NativeZstd zstd) throws IOException {
        if (isGzip(magic)) {
            return new GZIPInputStream(in, 1 << 16);
        }
        if (isZstd(magic)) {
            zstd.load();
            return new ZstdInputStream(in);
        }
        return in;
    }

    /// Whether something that begins so is compressed in a way that is understood here.
    static boolean isCompressed(byte[] magic) {
        return isGzip(magic) || isZstd(magic);
    }

    /// The end of the media type of a layer that begins so: `+gzip`, `+zstd` or nothing.
    static String typeSuffix(byte[] magic) {
        return isGzip(magic) ? "+gzip" : isZstd(magic) ? "+zstd" : "";
    }

    private static boolean isGzip(byte[] magic) {
        return magic.length >= 2 && (magic[0] & 0xff) == 0x1f && (magic[1] & 0xff) == 0x8b;
    }

    /// A frame, or one to be skipped as they come before and after in seekable layers.
    private static boolean isZstd(byte[] magic) {
        if (magic.length < 4) {
            return false;
        }
        int word = magic[0] & 0xff | (magic[1] & 0xff) << 8 | (magic[2] & 0xff) << 16 | (magic[3] & 0xff) << 24;
        return word == 0xfd2fb528 || (word & 0xfffffff0) == 0x184d2a50;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int from, int length) throws IOException {
        int read = in.read(buffer, from, length);
        if (read > 0) {
            count += read;
            if (count > limit) {
                throw new TooLargeException("the layer unpacks to more than " + limit + " bytes");
            }
            hash.update(buffer, from, read);
        }
        return read;
    }

    @Override
    public long skip(long n) throws IOException {
        int read = read(scratch, 0, (int) Math.min(n, scratch.length)); // all of it must be hashed
        return Math.max(read, 0);
    }

    @Override
    public boolean markSupported() {
        return false;
    }

    /// Reads what is left and gives the digest of the whole.
    Digest finish() throws IOException {
        while (read(scratch, 0, scratch.length) >= 0) {
            // The digest counts what lies behind the end of the archive, too.
        }
        return Digest.of("sha256", hash.digest());
    }
}
