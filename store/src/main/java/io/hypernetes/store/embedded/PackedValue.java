package io.hypernetes.store.embedded;

import io.hypernetes.store.Entry;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A value as what it has in common with another one, its base, and what not: objects of one kind are mostly alike.
///
/// The recipe is a row of steps until all bytes are there: how many bytes come next from the recipe itself, these bytes, how many come next from the base,
/// and how far from where the last ones ended they are. Numbers have seven bits a byte, the lowest first; distances alternate between after and before.
/// The last byte is always the recipe's own, so that it can be told without the others.
final class PackedValue implements Entry.Packed {
    /// What is less in common is no cheaper named than written.
    private static final int SHORTEST = 8;
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final byte[] base;
    private final byte[] recipe;
    private final int length;

    private PackedValue(byte[] base, byte[] recipe, int length) {
        this.base = base;
        this.recipe = recipe;
        this.length = length;
    }

    /// A value that others are packed against, with an index of what stands where in it. For one thread at a time.
    static final class Base {
        /// Longest value that can be a base: its index, 8 KiB at most, finds less of a longer one.
        static final int LONGEST = 16 << 10;

        private static final int MOST_BITS = 12;

        final byte[] bytes;
        private final int bits;
        private char @Nullable [] places;

        /// @param bytes at most [#LONGEST]
        Base(byte[] bytes) {
            this.bytes = bytes;
            this.bits = Math.min(MOST_BITS, Integer.SIZE - Integer.numberOfLeadingZeros(bytes.length | SHORTEST));
        }

        /// Where bytes may stand that begin as those of `value` at `at` do; to be looked at.
        private int place(byte[] value, int at) {
            char[] index = places;
            if (index == null) {
                // Made when the first value is packed, as many a base is followed by none.
                index = new char[1 << bits];
                for (int i = bytes.length - SHORTEST; i >= 0; i--) {
                    index[hash((long) LONGS.get(bytes, i))] = (char) i;
                }
                places = index;
            }
            return index[hash((long) LONGS.get(value, at))];
        }

        private int hash(long eight) {
            return (int) (eight * 0x9E3779B97F4A7C15L >>> (Long.SIZE - bits));
        }
    }

    /// Packs a value.
    ///
    /// @param most bytes the recipe may have
    /// @return null when it would have more
    static @Nullable PackedValue of(byte[] value, Base base, int most) {
        var recipe = new Recipe(most);
        byte[] from = base.bytes;
        int last = Math.min(value.length, from.length) < SHORTEST ? -1 : value.length - SHORTEST;
        int done = 0;
        int expected = 0;
        for (int at = 0; at <= last; ) {
            // What differs is often as long in both, such as a date: what comes after it is looked for there first.
            int place = expected + at - done;
            if (!alike(value, at, from, place)) {
                place = base.place(value, at);
                if (!alike(value, at, from, place)) {
                    at++;
                    continue;
                }
            }
            while (at > done && place > 0 && value[at - 1] == from[place - 1]) {
                at--;
                place--;
            }
            int differs = Arrays.mismatch(value, at, value.length - 1, from, place, from.length);
            int common = differs < 0 ? value.length - 1 - at : differs;
            if (!recipe.step(value, done, at - done, common, place - expected)) {
                return null;
            }
            at += common;
            done = at;
            expected = place + common;
        }
        if (done < value.length && !recipe.step(value, done, value.length - done, 0, 0)) {
            return null;
        }
        return new PackedValue(from, recipe.bytes(), value.length);
    }

    private static boolean alike(byte[] value, int at, byte[] from, int place) {
        return place >= 0 && place <= from.length - SHORTEST && (long) LONGS.get(value, at) == (long) LONGS.get(from, place);
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public byte last() {
        return recipe[recipe.length - 1];
    }

    /// How many bytes it takes beside its base.
    int packedLength() {
        return recipe.length;
    }

    @Override
    public void copyInto(byte[] to, int at) {
        int end = at + length;
        int next = 0;
        int place = 0;
        while (at < end) {
            // Numbers are read here and not by a method, which would have to return two.
            int own = 0;
            for (int bits = 0; ; bits += 7) {
                int part = recipe[next++];
                own |= (part & 0x7f) << bits;
                if (part >= 0) {
                    break;
                }
            }
            System.arraycopy(recipe, next, to, at, own);
            next += own;
            at += own;
            if (at == end) {
                return;
            }
            int common = 0;
            for (int bits = 0; ; bits += 7) {
                int part = recipe[next++];
                common |= (part & 0x7f) << bits;
                if (part >= 0) {
                    break;
                }
            }
            int distance = 0;
            for (int bits = 0; ; bits += 7) {
                int part = recipe[next++];
                distance |= (part & 0x7f) << bits;
                if (part >= 0) {
                    break;
                }
            }
            place += distance >>> 1 ^ -(distance & 1);
            System.arraycopy(base, place, to, at, common);
            place += common;
            at += common;
        }
    }

    private static final class Recipe {
        private static final int LONGEST_NUMBER = 5;

        private final byte[] room;
        private int length;

        Recipe(int most) {
            room = new byte[most];
        }

        /// Whether there was room for it.
        boolean step(byte[] value, int at, int own, int common, int distance) {
            if (length + own + 3 * LONGEST_NUMBER > room.length) {
                return false;
            }
            number(own);
            System.arraycopy(value, at, room, length, own);
            length += own;
            if (common > 0) {
                number(common);
                number(distance << 1 ^ distance >> 31);
            }
            return true;
        }

        private void number(int number) {
            while (number >>> 7 != 0) {
                room[length++] = (byte) (number | 0x80);
                number >>>= 7;
            }
            room[length++] = (byte) number;
        }

        byte[] bytes() {
            return Arrays.copyOf(room, length);
        }
    }
}
