package io.hypernetes.network.dns;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/// Reads what other servers answer, as far as we pass it on under a name of our own.
final class Records {
    private static final int MOST = 64;

    private Records() {}

    /// The addresses in an answer, whatever aliases lead to them.
    ///
    /// @param owner the name they are told under
    /// @param type A or AAAA; nothing else is read
    static List<Reply.Rr> read(byte[] answer, String owner, int type) {
        List<Reply.Rr> records = new ArrayList<>();
        int size = type == Query.A ? 4 : type == Query.AAAA ? 16 : -1;
        try {
            ByteBuffer in = ByteBuffer.wrap(answer);
            in.position(4);
            int questions = in.getShort() & 0xffff;
            int answers = in.getShort() & 0xffff;
            in.position(12);
            for (int i = 0; i < questions; i++) {
                skipName(in);
                in.getInt();
            }
            for (int i = 0; i < answers && records.size() < MOST; i++) {
                skipName(in);
                int found = in.getShort() & 0xffff;
                in.getShort();
                int seconds = in.getInt() & 0x7fffffff;
                byte[] data = new byte[Math.min(in.getShort() & 0xffff, in.remaining())];
                in.get(data);
                if (found == type && data.length == size) {
                    records.add(new Reply.Rr(owner, type, seconds, data));
                }
            }
        } catch (BufferUnderflowException | IllegalArgumentException cut) {
            return records;
        }
        return records;
    }

    private static void skipName(ByteBuffer in) {
        for (int label = in.get() & 0xff; label != 0; label = in.get() & 0xff) {
            if ((label & 0xc0) == 0xc0) {
                in.get();
                return;
            }
            in.position(in.position() + label);
        }
    }
}
