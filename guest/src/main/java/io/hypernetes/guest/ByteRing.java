package io.hypernetes.guest;

/// A first-in first-out buffer of bytes. Takes memory only for what it holds, and gives it back when it is empty. Not thread-safe.
final class ByteRing {
    private static final int KEPT_WHEN_EMPTY = 8_192;
    private byte[] bytes = {};
    private int head;
    private int size;

    int size() {
        return size;
    }

    void add(byte[] from, int offset, int length) {
        if (length == 0) {
            return;
        }
        if (size + length > bytes.length) {
            grow(size + length);
        }
        int tail = (head + size) % bytes.length;
        int first = Math.min(length, bytes.length - tail);
        System.arraycopy(from, offset, bytes, tail, first);
        System.arraycopy(from, offset + first, bytes, 0, length - first);
        size += length;
    }

    /// Takes out as many bytes as there are, at most `length`.
    int take(byte[] into, int offset, int length) {
        int taken = Math.min(length, size);
        if (taken == 0) {
            return 0;
        }
        int first = Math.min(taken, bytes.length - head);
        System.arraycopy(bytes, head, into, offset, first);
        System.arraycopy(bytes, 0, into, offset + first, taken - first);
        size -= taken;
        head = (head + taken) % bytes.length;
        if (size == 0) {
            head = 0;
            if (bytes.length > KEPT_WHEN_EMPTY) {
                bytes = new byte[0];
            }
        }
        return taken;
    }

    private void grow(int needed) {
        byte[] larger = new byte[Math.max(needed, Math.max(512, bytes.length * 2))];
        int held = size;
        int first = Math.min(held, bytes.length - head);
        System.arraycopy(bytes, head, larger, 0, first);
        System.arraycopy(bytes, 0, larger, first, held - first);
        bytes = larger;
        head = 0;
    }
}
