package io.hypernetes.store.backup;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hypernetes.store.Entry;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.security.SecureRandom;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/// Writes a backup to a stream. For one thread.
public final class BackupWriter implements AutoCloseable {
    static final String MARK = "hypernetes backup 1";
    static final byte ENTRY = 'E';
    static final byte FILE = 'F';
    static final byte DISK_PART = 'P';
    static final byte DISK_END = 'D';
    static final byte END = 'Z';

    private final OutputStream out;
    private final SealedPieces.Output sealed;
    private final GZIPOutputStream packed;
    private final DataOutputStream data;
    private long items;

    private BackupWriter(OutputStream out, BackupLock lock, byte[] header) throws IOException {
        this.out = out;
        this.sealed = new SealedPieces.Output(out, lock.key(), header);
        this.packed = new GZIPOutputStream(sealed, 64 << 10);
        this.data = new DataOutputStream(packed);
    }

    /// Begins a backup.
    ///
    /// @param out closed with the writer; the arrays it is given are not changed afterwards
    /// @param passphrase what locks it; null for none, and then whoever has the file has all that is in it
    public static BackupWriter begin(OutputStream out, BackupHeader header, char @Nullable [] passphrase, SecureRandom random) throws IOException {
        BackupLock lock = BackupLock.make(passphrase, random);
        byte[] text = (MARK + "\ncreated " + header.created() + "\ntenant " + header.tenant() + "\nrevision " + header.revision() + "\nkey " + lock.text() + "\n\n")
                .getBytes(UTF_8);
        out.write(text);
        return new BackupWriter(out, lock, text);
    }

    /// Adds an entry of the store.
    public void entry(Entry entry) throws IOException {
        data.writeByte(ENTRY);
        data.writeUTF(entry.key());
        data.writeLong(entry.createRevision());
        data.writeLong(entry.revision());
        bytes(entry.value());
        items++;
    }

    /// Adds a small file.
    public void file(String name, byte[] content) throws IOException {
        data.writeByte(FILE);
        data.writeUTF(name);
        bytes(content);
        items++;
    }

    /// Adds a part of a disk that is longer than memory.
    public void part(BackupItem.DiskPart part) throws IOException {
        data.writeByte(DISK_PART);
        data.writeUTF(part.disk());
        data.writeLong(part.offset());
        bytes(part.content());
        items++;
    }

    /// Ends a disk.
    public void end(BackupItem.DiskEnd disk) throws IOException {
        data.writeByte(DISK_END);
        data.writeUTF(disk.disk());
        data.writeLong(disk.bytes());
        bytes(disk.digest());
        items++;
    }

    /// Adds what was read from another backup.
    public void item(BackupItem item) throws IOException {
        switch (item) {
            case BackupItem.Stored(Entry entry) -> entry(entry);
            case BackupItem.SmallFile(String name, byte[] content) -> file(name, content);
            case BackupItem.DiskPart part -> part(part);
            case BackupItem.DiskEnd end -> end(end);
        }
    }

    /// Ends it. A backup that was not ended is refused by whoever reads it.
    public void finish() throws IOException {
        data.writeByte(END);
        data.writeLong(items);
        data.flush();
        packed.finish();
        sealed.finish();
    }

    private void bytes(byte[] content) throws IOException {
        data.writeInt(content.length);
        data.write(content);
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
