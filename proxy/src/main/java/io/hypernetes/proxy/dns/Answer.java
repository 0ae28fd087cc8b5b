package io.hypernetes.proxy.dns;

import io.hypernetes.network.dns.Reply;
import java.util.ArrayList;
import java.util.List;

/// Records for an answer, up to the first that has no room in it, by which the answer is seen to be cut. For one thread.
final class Answer {
    private static final int LEAST_OF_RECORD = 12;

    private final List<Reply.Rr> records = new ArrayList<>();
    private int left;

    /// @param most bytes
    Answer(int most) {
        this.left = most;
    }

    /// How many addresses, the smallest of records, make an answer full.
    static int addresses(int most) {
        return most / (LEAST_OF_RECORD + 4) + 1;
    }

    boolean isFull() {
        return left < 0;
    }

    void add(Reply.Rr record) {
        if (!isFull()) {
            records.add(record);
            left -= LEAST_OF_RECORD + record.data().length;
        }
    }

    List<Reply.Rr> records() {
        return records;
    }
}
