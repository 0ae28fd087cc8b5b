package io.hypernetes.network.dns;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// What a query is answered, and its bytes.
///
/// @param code of the answer, one of those below
/// @param answers records that answer
/// @param authority with the start of the zone, which tells for how long an absence holds
public record Reply(int code, List<Rr> answers, boolean authority) {
    public static final int OK = 0, FORMAT_ERROR = 1, SERVER_FAILURE = 2, NO_SUCH_NAME = 3, NOT_IMPLEMENTED = 4, REFUSED = 5;

    /// For how long an answer may be remembered.
    public static final int TTL_SECONDS = 5;

    private static final int RESPONSE = 0x8000, AUTHORITATIVE = 0x0400, TRUNCATED = 0x0200, RECURSION_DESIRED = 0x0100, RECURSION_AVAILABLE = 0x0080;
    private static final int LARGEST = 65_535;
    private static final int QUESTION_NAME = 0xc00c;
    private static final int OPT_PAYLOAD = 1232;

    public Reply {
        answers = List.copyOf(answers);
    }

    /// An answer; without records it tells that the name is there and has none of the kind asked for.
    public static Reply of(List<Rr> answers) {
        return new Reply(OK, answers, answers.isEmpty());
    }

    /// @param code one of the above
    public static Reply failure(int code) {
        return new Reply(code, List.of(), false);
    }

    public static Reply noSuchName() {
        return new Reply(NO_SUCH_NAME, List.of(), true);
    }

    /// A record; its name is the question's unless it says another.
    ///
    /// @param owner name it is of
    /// @param type as in a query
    /// @param seconds for which it may be remembered
    /// @param data in the form of the wire
    public record Rr(String owner, int type, int seconds, byte[] data) {
        public static Rr address(String owner, int seconds, String address) {
            byte[] data = new byte[4];
            String[] parts = address.split("\\.");
            for (int i = 0; i < 4; i++) {
                data[i] = (byte) Integer.parseInt(parts[i]);
            }
            return new Rr(owner, Query.A, seconds, data);
        }

        public static Rr name(String owner, int type, int seconds, String target) {
            return new Rr(owner, type, seconds, wireName(target));
        }

        public static Rr service(String owner, int seconds, int weight, int port, String target) {
            ByteArrayOutputStream data = new ByteArrayOutputStream();
            number(data, 0);
            number(data, weight);
            number(data, port);
            data.writeBytes(wireName(target));
            return new Rr(owner, Query.SRV, seconds, data.toByteArray());
        }

        public static Rr text(String owner, int seconds, String text) {
            byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
            ByteArrayOutputStream data = new ByteArrayOutputStream();
            data.write(bytes.length);
            data.writeBytes(bytes);
            return new Rr(owner, Query.TXT, seconds, data.toByteArray());
        }
    }

    /// @param zone whose absences are told; empty for none
    /// @param most bytes that the asker takes; what does not fit is left out, and the asker told to ask by TCP
    public byte[] bytes(Query query, String zone, int most) {
        List<byte[]> records = new ArrayList<>();
        int room = Math.min(most, LARGEST) - 12 - query.rawName().length - 4 - (query.extended() ? 11 : 0);
        boolean cut = false;
        for (Rr answer : answers) {
            byte[] record = record(answer, query);
            if (record.length > room) {
                cut = true;
                break;
            }
            room -= record.length;
            records.add(record);
        }
        byte[] start = authority && !zone.isEmpty() ? record(startOf(zone), query) : new byte[0];
        boolean told = start.length > 0 && start.length <= room;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        number(out, query.id());
        number(out, RESPONSE | AUTHORITATIVE | RECURSION_AVAILABLE | (query.flags() & RECURSION_DESIRED) | (cut ? TRUNCATED : 0) | code);
        number(out, 1);
        number(out, records.size());
        number(out, told ? 1 : 0);
        number(out, query.extended() ? 1 : 0);
        out.writeBytes(query.rawName());
        number(out, query.type());
        number(out, Query.INTERNET);
        records.forEach(out::writeBytes);
        if (told) {
            out.writeBytes(start);
        }
        if (query.extended()) {
            out.write(0);
            number(out, Query.OPT);
            number(out, OPT_PAYLOAD);
            number(out, 0);
            number(out, 0);
            number(out, 0);
        }
        return out.toByteArray();
    }

    private static byte[] record(Rr record, Query query) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (record.owner().equals(query.name())) {
            number(out, QUESTION_NAME);
        } else {
            out.writeBytes(wireName(record.owner()));
        }
        number(out, record.type());
        number(out, Query.INTERNET);
        number(out, record.seconds() >>> 16);
        number(out, record.seconds() & 0xffff);
        number(out, record.data().length);
        out.writeBytes(record.data());
        return out.toByteArray();
    }

    private static Rr startOf(String zone) {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        data.writeBytes(wireName("ns.dns." + zone));
        data.writeBytes(wireName("hostmaster." + zone));
        for (int value : new int[] {1, 7200, 1800, 86_400, TTL_SECONDS}) {
            number(data, value >>> 16);
            number(data, value & 0xffff);
        }
        return new Rr(zone, Query.SOA, TTL_SECONDS, data.toByteArray());
    }

    /// A name as labels with their lengths. What is no name ends where it ceases to be one.
    static byte[] wireName(String name) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (String label : name.split("\\.")) {
            byte[] bytes = label.getBytes(StandardCharsets.ISO_8859_1);
            if (bytes.length == 0 || bytes.length > 63 || out.size() + bytes.length + 2 > 255) {
                break;
            }
            out.write(bytes.length);
            out.writeBytes(bytes);
        }
        out.write(0);
        return out.toByteArray();
    }

    private static void number(ByteArrayOutputStream out, int value) {
        out.write(value >>> 8);
        out.write(value);
    }
}
