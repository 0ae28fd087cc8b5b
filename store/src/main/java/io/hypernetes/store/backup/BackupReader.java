package io.hypernetes.store.backup;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hypernetes.store.Entry;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UTFDataFormatException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/// Reads a backup. What it gives is as it was written; that nothing is missing is known only when [#next] has said that there is no more. For
/// one thread.
public final class BackupReader implements AutoCloseable {
    private static final int MOST_HEADER = 2048;
    /// Longer than any value of a store.
    private static final int MOST_BYTES = 32 << 20;

    private final BackupHeader header;
    private final SealedPieces.Input sealed;
    private final DataInputStream data;
    private long items;
    private boolean ended;

    private BackupReader(BackupHeader header, SealedPieces.Input sealed) throws IOException {
        this.header = header;
        this.sealed = sealed;
        this.data = new DataInputStream(new GZIPInputStream(sealed, 64 << 10));
    }

    /// Opens a backup.
    ///
    /// @param in closed with the reader
    /// @param passphrase null when there is none; one that is not needed does no harm
    /// @throws BackupException when it is none, or is locked with another passphrase
    public static BackupReader open(InputStream in, char @Nullable [] passphrase) throws IOException {
        byte[] text = header(in);
        String[] lines = new String(text, UTF_8).split("\n");
        if (lines.length != 5) {
            throw new BackupException("the header of the backup is damaged, or of a newer version");
        }
        BackupLock lock = BackupLock.of(field(lines[4], "key"), passphrase);
        SealedPieces.Input sealed = new SealedPieces.Input(in, lock.key(), text);
        try {
            BackupHeader header = new BackupHeader(Instant.parse(field(lines[1], "created")), field(lines[2], "tenant"), Long.parseLong(field(lines[3], "revision")));
            return new BackupReader(header, sealed);
        } catch (DateTimeException | NumberFormatException e) {
            throw new BackupException("the header of the backup is damaged", e);
        }
    }

    private static byte[] header(InputStream in) throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        int before = 0;
        for (int b = in.read(); text.size() < MOST_HEADER; b = in.read()) {
            if (b < 0) {
                break;
            }
            text.write(b);
            if (b == '\n' && before == '\n') {
                if (text.toString(UTF_8).startsWith(BackupWriter.MARK + "\n")) {
                    return text.toByteArray();
                }
                break;
            }
            before = b;
        }
        throw new BackupException("this is no backup, or one of a newer version: it does not begin with '" + BackupWriter.MARK + "'");
    }

    private static String field(String line, String name) throws BackupException {
        if (!line.startsWith(name + " ")) {
            throw new BackupException("the header of the backup is damaged, or of a newer version");
        }
        return line.substring(name.length() + 1);
    }

    public BackupHeader header() {
        return header;
    }

    /// The next thing in it; empty when there is no more and all was good.
    ///
    /// @throws BackupException when it is damaged here, or cut short
    public Optional<BackupItem> next() throws IOException {
        if (ended) {
            return Optional.empty();
        }
        try {
            int kind = data.read();
            if (kind == BackupWriter.END) {
                end();
                return Optional.empty();
            }
            BackupItem item = switch (kind) {
                case BackupWriter.ENTRY -> entry();
                case BackupWriter.FILE -> new BackupItem.SmallFile(data.readUTF(), bytes());
                case BackupWriter.DISK_PART -> new BackupItem.DiskPart(data.readUTF(), data.readLong(), bytes());
                case BackupWriter.DISK_END -> new BackupItem.DiskEnd(data.readUTF(), data.readLong(), bytes());
                default -> throw new BackupException("the backup holds something unknown (" + kind + "); it is of a newer version");
            };
            items++;
            return Optional.of(item);
        } catch (EOFException | UTFDataFormatException | ZipException e) {
            throw new BackupException("the backup is damaged: it ends in the middle of something", e);
        }
    }

    private BackupItem entry() throws IOException {
        String key = data.readUTF();
        long created = data.readLong();
        long revision = data.readLong();
        return new BackupItem.Stored(new Entry(key, bytes(), created, revision));
    }

    private void end() throws IOException {
        long written = data.readLong();
        // Reads the checksum behind the last byte, and the last piece.
        if (written != items || data.read() >= 0 || sealed.read() >= 0) {
            throw new BackupException("the backup is damaged: it tells of " + written + " things and holds " + items);
        }
        ended = true;
    }

    private byte[] bytes() throws IOException {
        int length = data.readInt();
        if (length < 0 || length > MOST_BYTES) {
            throw new BackupException("the backup is damaged: something in it has " + length + " bytes");
        }
        byte[] content = data.readNBytes(length);
        if (content.length < length) {
            throw new EOFException();
        }
        return content;
    }

    @Override
    public void close() throws IOException {
        sealed.close();
    }
}
