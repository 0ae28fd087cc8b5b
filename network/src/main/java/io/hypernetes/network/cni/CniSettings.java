package io.hypernetes.network.cni;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/// Where CNI is on this host.
///
/// @param configurations folder of the configuration; its first file by name that ends in `.conflist`, `.conf` or `.json` is used
/// @param plugins folders of the plugins, looked through in this order
/// @param mark what the names of the pods' network namespaces begin with, 1 to 12 of `a-z 0-9`, so that clusters side by side on one host
///     do not meet
public record CniSettings(Path configurations, List<Path> plugins, String mark) {
    private static final Pattern MARK = Pattern.compile("[a-z][a-z0-9]{0,11}");

    public CniSettings {
        plugins = List.copyOf(plugins);
        if (!MARK.matcher(mark).matches()) {
            throw new IllegalArgumentException("mark '" + mark + "' must be 1 to 12 of a-z and 0-9, beginning with a letter");
        }
    }

    /// The usual places, Debian's for plugins among them.
    public static CniSettings usual(String mark) {
        return new CniSettings(Path.of("/etc/cni/net.d"), List.of(Path.of("/opt/cni/bin"), Path.of("/usr/lib/cni")), mark);
    }
}
