package io.hypernetes.guest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;

/// Reads the golden frames of `hyperstart/vectors`, whose README gives the format.
final class VectorFile {
    private VectorFile() {}

    /// @param message payload rebuilt from the described fields with [MessageWriter]
    record Vector(String name, byte[] hex, String bad, String preamble, byte[] nonce, int stream, String type, int flags, int request, byte[] message) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Vector named(String file, String name) throws IOException {
        return read(file).stream().filter(vector -> vector.name.equals(name)).findFirst().orElseThrow();
    }

    static List<Vector> read(String file) throws IOException {
        Path folder = Path.of("..", "hyperstart", "vectors");
        List<Vector> vectors = new ArrayList<>();
        List<String> block = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve(file + ".txt"))) {
            if (line.startsWith("#")) {
                continue;
            }
            if (!line.isEmpty()) {
                block.add(line);
            } else if (!block.isEmpty()) {
                vectors.add(vector(block));
                block.clear();
            }
        }
        if (!block.isEmpty()) {
            vectors.add(vector(block));
        }
        return vectors;
    }

    private static Vector vector(List<String> lines) {
        StringBuilder hex = new StringBuilder();
        String name = "", bad = "", preamble = "", type = "", nonce = "";
        int stream = 0, flags = 0, request = 0;
        byte[] raw = null;
        List<String> fields = new ArrayList<>();
        for (String line : lines) {
            int colon = line.indexOf(':');
            String key = colon < 0 ? line : line.substring(0, colon);
            String value = colon < 0 ? "" : line.substring(colon + 1).strip();
            switch (key) {
                case "name" -> name = value;
                case "bad" -> bad = value;
                case "preamble" -> preamble = value;
                case "nonce" -> nonce = value;
                case "hex" -> hex.append(value);
                case "stream" -> stream = (int) (long) Long.decode(value);
                case "type" -> type = value;
                case "flags" -> flags = Integer.decode(value);
                case "request" -> request = (int) (long) Long.decode(value);
                case "raw" -> raw = HexFormat.of().parseHex(value);
                case "field" -> fields.add(value);
                case "}" -> fields.add("}");
                default -> throw new IllegalArgumentException("vector " + name + ": unknown line " + line);
            }
        }
        byte[] message = raw == null ? message(fields.iterator()) : raw;
        return new Vector(name, HexFormat.of().parseHex(hex), bad, preamble, HexFormat.of().parseHex(nonce), stream, type, flags, request, message);
    }

    private static byte[] message(Iterator<String> fields) {
        MessageWriter message = new MessageWriter();
        while (fields.hasNext()) {
            String field = fields.next();
            if (field.equals("}")) {
                break;
            }
            String[] parts = field.split(" ", 3);
            int tag = Integer.decode(parts[0]);
            switch (parts[1]) {
                case "bool" -> message.bool(tag, parts[2].equals("1"));
                case "u32" -> message.u32(tag, Long.parseLong(parts[2]));
                case "u64" -> message.u64(tag, Long.parseUnsignedLong(parts[2]));
                case "i64" -> message.u64(tag, Long.parseLong(parts[2]));
                case "bytes" -> message.bytes(tag, parts[2].equals("-") ? new byte[0] : HexFormat.of().parseHex(parts[2]));
                case "str" -> message.bytes(tag, unquote(parts[2]));
                case "msg" -> message.bytes(tag, message(fields));
                default -> throw new IllegalArgumentException("unknown kind in field " + field);
            }
        }
        return message.toBytes();
    }

    private static byte[] unquote(String quoted) {
        byte[] in = quoted.substring(1, quoted.length() - 1).getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < in.length; i++) {
            if (in[i] != '\\') {
                out.write(in[i]);
                continue;
            }
            switch (in[++i]) {
                case 'n' -> out.write('\n');
                case 'x' -> {
                    out.write(Integer.parseInt(new String(in, i + 1, 2, StandardCharsets.US_ASCII), 16));
                    i += 2;
                }
                default -> out.write(in[i]);
            }
        }
        return out.toByteArray();
    }
}
