package io.hypernetes.hyperd.docker;

import io.hypernetes.network.Attachment;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// `--add-host`: lines of `/etc/hosts`, each `NAME:ADDRESS`.
final class ExtraHosts {
    private static final Pattern LINE = Pattern.compile("([^\\s:]{1,253}):(\\[?[0-9a-fA-F:.]{2,45}]?|host-gateway)");
    private static final String GATEWAY = "host-gateway";
    private static final int MOST = 256;
    private static final String ORDINARY = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n"
            + "ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n";

    private ExtraHosts() {}

    /// The file as the container is to find it; empty when nothing was asked for, and the guest makes its own.
    ///
    /// @param place of the machine on the network
    static String file(JsonNode host, String hostname, @Nullable Attachment place) {
        List<String[]> extra = of(host);
        if (extra.isEmpty()) {
            return "";
        }
        StringBuilder file = new StringBuilder(ORDINARY);
        if (place != null) {
            place.addresses().forEach(address -> file.append(address.split("/")[0]).append('\t').append(hostname).append('\n'));
        }
        for (String[] line : extra) {
            String address = line[1].equals(GATEWAY) ? place == null ? "" : place.gateway() : line[1];
            if (address.isEmpty()) {
                throw new DockerFailure(400, "--add-host " + line[0] + ":" + GATEWAY + ": the network has no gateway");
            }
            file.append(address).append('\t').append(line[0]).append('\n');
        }
        return file.toString();
    }

    /// @throws DockerFailure 400 when a line is none
    static List<String[]> of(JsonNode host) {
        List<String[]> lines = new ArrayList<>();
        for (String text : Wish.texts(host.path("ExtraHosts"))) {
            var parts = LINE.matcher(text);
            if (!parts.matches()) {
                throw new DockerFailure(400, "bad format for add-host: \"" + text + "\": it is NAME:ADDRESS, or NAME:host-gateway");
            }
            if (lines.size() == MOST) {
                throw new DockerFailure(400, "--add-host can be said " + MOST + " times");
            }
            lines.add(new String[] {parts.group(1), parts.group(2).replaceAll("[\\[\\]]", "")});
        }
        return lines;
    }
}
