package io.hypernetes.network.dns;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/// A query with its one question.
///
/// @param id of the query
/// @param flags as sent
/// @param name lower case, without the dot at its end
/// @param rawName as sent, in the form of the wire, since answers repeat it letter by letter
/// @param type A is 1
/// @param payload bytes of UDP that the asker takes
/// @param extended whether it knows EDNS
public record Query(int id, int flags, String name, byte[] rawName, int type, int payload, boolean extended) {
    public static final int A = 1, NS = 2, CNAME = 5, SOA = 6, PTR = 12, TXT = 16, AAAA = 28, SRV = 33, OPT = 41, ANY = 255;
    static final int INTERNET = 1;

    private static final int HEADER = 12, LONGEST_NAME = 255, LONGEST_LABEL = 63;
    private static final int PLAIN_PAYLOAD = 512, MOST_PAYLOAD = 1232;
    private static final int RESPONSE = 0x8000, OPCODE = 0x7800;

    /// Reads a query; empty when it is none that deserves an answer, or none of one question in the class of the Internet.
    public static Optional<Query> read(byte[] bytes, int length) {
        if (length < HEADER) {
            return Optional.empty();
        }
        ByteBuffer in = ByteBuffer.wrap(bytes, 0, length);
        int id = in.getShort() & 0xffff;
        int flags = in.getShort() & 0xffff;
        int questions = in.getShort() & 0xffff;
        int answers = in.getShort() & 0xffff;
        int authorities = in.getShort() & 0xffff;
        int additional = in.getShort() & 0xffff;
        if ((flags & (RESPONSE | OPCODE)) != 0 || questions != 1 || answers != 0 || authorities != 0 || additional > 2) {
            return Optional.empty();
        }
        StringBuilder name = new StringBuilder();
        int begin = in.position();
        while (true) {
            if (!in.hasRemaining()) {
                return Optional.empty();
            }
            int label = in.get() & 0xff;
            if (label == 0) {
                break;
            }
            // Longer than a label may be, or a pointer, which has nothing to point at here.
            if (label > LONGEST_LABEL || in.remaining() < label || in.position() + label - begin > LONGEST_NAME) {
                return Optional.empty();
            }
            byte[] text = new byte[label];
            in.get(text);
            name.append(name.isEmpty() ? "" : ".").append(new String(text, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT));
        }
        if (in.remaining() < 4) {
            return Optional.empty();
        }
        byte[] raw = java.util.Arrays.copyOfRange(bytes, begin, in.position());
        int type = in.getShort() & 0xffff;
        if ((in.getShort() & 0xffff) != INTERNET) {
            return Optional.empty();
        }
        int payload = PLAIN_PAYLOAD;
        boolean extended = false;
        // An EDNS record, if it is the first one: the root's name, its type, and the size where other records have their class.
        if (additional > 0 && in.remaining() >= 11 && in.get() == 0 && (in.getShort() & 0xffff) == OPT) {
            payload = Math.clamp(in.getShort() & 0xffff, PLAIN_PAYLOAD, MOST_PAYLOAD);
            extended = true;
        }
        return Optional.of(new Query(id, flags, name.toString(), raw, type, payload, extended));
    }
}
