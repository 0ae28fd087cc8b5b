package io.hypernetes.store.backup;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

/// A stream in sealed pieces, each its length and its ciphertext. A piece's nonce is its number and whether it is the last, so none can be
/// left out, doubled or moved, and a stream that was cut has no last one. The key must be of this one stream.
final class SealedPieces {
    private static final int PIECE = 256 << 10;
    private static final int TAG = 16;

    private SealedPieces() {}

    private static Cipher cipher(int mode, SecretKey key, long number, boolean last, byte[] bound) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(TAG * 8, ByteBuffer.allocate(12).putLong(number).putInt(last ? 1 : 0).array()));
        cipher.updateAAD(bound);
        return cipher;
    }

    /// Seals what is written to it.
    static final class Output extends OutputStream {
        private final DataOutputStream out;
        private final SecretKey key;
        private final byte[] bound;
        private final ByteArrayOutputStream piece = new ByteArrayOutputStream(PIECE);
        private long number;

        Output(OutputStream out, SecretKey key, byte[] bound) {
            this.out = new DataOutputStream(out);
            this.key = key;
            this.bound = bound;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            int from = offset;
            int left = length;
            while (left > 0) {
                if (piece.size() == PIECE) {
                    seal(false);
                }
                int now = Math.min(left, PIECE - piece.size());
                piece.write(bytes, from, now);
                from += now;
                left -= now;
            }
        }

        /// Writes the last piece.
        void finish() throws IOException {
            seal(true);
            out.flush();
        }

        private void seal(boolean last) throws IOException {
            try {
                byte[] sealed = cipher(Cipher.ENCRYPT_MODE, key, number++, last, bound).doFinal(piece.toByteArray());
                // One array a piece, which is never used again: whoever sends it need not copy.
                out.write(ByteBuffer.allocate(Integer.BYTES + sealed.length).putInt(sealed.length).put(sealed).array());
                piece.reset();
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /// Gives back what was sealed, each piece only when it is known to be good.
    static final class Input extends InputStream {
        private final DataInputStream in;
        private final SecretKey key;
        private final byte[] bound;
        private byte[] piece = new byte[0];
        private int at;
        private long number;
        private boolean ended;

        Input(InputStream in, SecretKey key, byte[] bound) {
            this.in = new DataInputStream(in);
            this.key = key;
            this.bound = bound;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            while (at == piece.length) {
                if (ended) {
                    return -1;
                }
                next();
            }
            int now = Math.min(length, piece.length - at);
            System.arraycopy(piece, at, into, offset, now);
            at += now;
            return now;
        }

        private void next() throws IOException {
            byte[] sealed;
            try {
                int length = in.readInt();
                if (length < TAG || length > PIECE + TAG) {
                    throw damaged(null);
                }
                sealed = in.readNBytes(length);
                if (sealed.length < length) {
                    throw new EOFException();
                }
            } catch (EOFException e) {
                throw new BackupException("the backup is cut short behind piece " + number + "; it was not written to its end, or not copied whole", e);
            }
            try {
                piece = open(sealed, false);
            } catch (GeneralSecurityException notOneOfMany) {
                try {
                    piece = open(sealed, true);
                } catch (GeneralSecurityException e) {
                    throw damaged(e);
                }
                if (in.read() >= 0) {
                    throw new BackupException("the backup is damaged: there is something behind its end");
                }
                ended = true;
            }
            at = 0;
            number++;
        }

        private byte[] open(byte[] sealed, boolean last) throws GeneralSecurityException {
            return cipher(Cipher.DECRYPT_MODE, key, number, last, bound).doFinal(sealed);
        }

        private BackupException damaged(@org.jspecify.annotations.Nullable Exception cause) {
            String message = "the backup is damaged at piece " + number + "; nothing behind it can be believed. Use another copy";
            return cause == null ? new BackupException(message) : new BackupException(message, cause);
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
