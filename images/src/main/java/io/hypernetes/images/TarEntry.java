package io.hypernetes.images;

import java.util.Map;

/// One entry of a tar. Names are byte strings: one char holds one byte (ISO 8859-1), so that nothing is lost or guessed.
///
/// @param type [Type]
/// @param size bytes of content as a reader sees it, holes included; 0 for all but files
/// @param modifiedSeconds since the epoch
/// @param attributes extended attributes
record TarEntry(
        String name,
        Type type,
        int mode,
        long uid,
        long gid,
        long size,
        long modifiedSeconds,
        String linkName,
        int deviceMajor,
        int deviceMinor,
        Map<String, byte[]> attributes) {

    enum Type {
        FILE('0'),
        HARD_LINK('1'),
        SYMBOLIC_LINK('2'),
        CHARACTER_DEVICE('3'),
        BLOCK_DEVICE('4'),
        FOLDER('5'),
        FIFO('6');

        final char flag;

        Type(char flag) {
            this.flag = flag;
        }
    }

    TarEntry {
        attributes = Map.copyOf(attributes);
    }

    static TarEntry folder(String name, int mode) {
        return new TarEntry(name, Type.FOLDER, mode, 0, 0, 0, 0, "", 0, 0, Map.of());
    }

    static TarEntry file(String name, int mode, long size) {
        return new TarEntry(name, Type.FILE, mode, 0, 0, size, 0, "", 0, 0, Map.of());
    }

    static TarEntry symbolicLink(String name, String target) {
        return new TarEntry(name, Type.SYMBOLIC_LINK, 0777, 0, 0, 0, 0, target, 0, 0, Map.of());
    }

    TarEntry named(String other, String otherLinkName, Map<String, byte[]> otherAttributes) {
        return new TarEntry(other, type, mode, uid, gid, size, modifiedSeconds, otherLinkName, deviceMajor, deviceMinor,
                otherAttributes);
    }

    TarEntry modified(long seconds) {
        return new TarEntry(name, type, mode, uid, gid, size, seconds, linkName, deviceMajor, deviceMinor, attributes);
    }
}
