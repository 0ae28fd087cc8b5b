package io.hypernetes.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// The settings of an installation: defaults, overlaid by `STATE/config.yaml`, overlaid by flags of the same names
/// (`--set name=value`). An unknown name or a bad value refuses start-up with a hint.
final class Settings {

    /// One setting.
    ///
    /// @param name as in the file and on the command line
    /// @param fallback the default, as text
    /// @param meaning one sentence, with unit and range
    record Setting(String name, String fallback, String meaning) {}

    static final List<Setting> ALL = List.of(
            new Setting("api-address", "0.0.0.0", "address on which the API server listens"),
            new Setting("api-port", "6443", "port of the API server, 1 to 65535"),
            new Setting("advertise-address", "", "address under which nodes and users reach the API server; empty: the address of the default route, else 127.0.0.1"),
            new Setting("node-name", "", "name of this machine's node; empty: its host name"),
            new Setting("node-address", "", "address under which the master reaches this node; empty: the address of the default route, else 127.0.0.1"),
            new Setting("kubelet-port", "10250", "port of the kubelet's server, 1 to 65535"),
            new Setting("pod-sync-seconds", "45", "how often the node looks at each pod by itself, 1 to 3600; in that time changed ConfigMaps and Secrets reach the files of running pods"),
            new Setting("cluster-cidr", "10.88.0.0/16", "addresses of pods, the master's to say; each node gets a /24 of it"),
            new Setting("service-cidr", "10.96.0.0/12", "addresses of services, the same in every tenant; the first is the API server's, the tenth the name server's"),
            new Setting("network", "local", "local (each tenant on wires of its own) or cni (the plugins that /etc/cni/net.d names)"),
            new Setting("uplink-cidr", "100.126.0.0/16", "addresses of the wires between this machine and its tenants' gateways, two for each; used nowhere else on its networks"),
            new Setting("vxlan-port", "4789", "UDP port on which nodes send each other the packets of their tenants, the same on all of them"),
            new Setting("denied-cidrs", "", "addresses that pods of tenants other than root do not reach, comma-separated; this machine, other nodes and link-local ones they never reach"),
            new Setting("master-key-file", "", "file with the master's key, under which the keys of tenants are kept; empty: keys/master.key in the master's state folder"),
            new Setting("webhook-cidrs", "", "private addresses that admission webhooks of tenants may be at, comma-separated; empty: public addresses only"),
            new Setting("registry-cidrs", "", "addresses of the operator's at which images of tenants may be, comma-separated; empty: none of denied-cidrs, of pods and services, of nodes"),
            new Setting("bridge", "", "name of the node's bridge, at most 9 characters; empty: hn and a mark of the state folder"),
            new Setting("accelerator", "auto", "auto (KVM where it truly works), kvm or tcg"),
            new Setting("templates", "auto", "auto (on where the host has 4 GiB of memory or more), on or off: whether pods start as copies of a machine that has booted already"),
            new Setting("kernel", "", "folder with vmlinux to boot pods with; empty: the built minimal kernel, else Debian's cloud kernel"),
            new Setting("kernels", "", "kernels that pods of this node may bring, comma-separated NAME=IMAGE; an image holds /boot/vmlinuz* and /lib/modules; a pod says NAME in the annotation hypernetes.io/kernel"),
            new Setting("insecure-registries", "", "registries reached without TLS, comma-separated host[:port]; loopback always is"),
            new Setting("image-settings", "", "file with settings of registries, transfers and limits of images, see docs/images.md; empty: images.yaml beside config.yaml when there is one"),
            new Setting("metrics-address", "127.0.0.1", "address on which master and node serve /metrics, to anyone who reaches it; empty: nowhere"),
            new Setting("master-metrics-port", "10253", "port of the master's metrics, 1 to 65535; without metrics when it is taken"),
            new Setting("node-metrics-port", "10254", "port of the node's metrics, 1 to 65535; without metrics when it is taken"),
            new Setting("otlp-endpoint", "", "where the spans of pod starts are sent, as http://127.0.0.1:4318 (OpenTelemetry's OTLP over HTTP); empty: nowhere"),
            new Setting("service-account-issuer", "", "who issues service account tokens, an https URL; tenants' issuers have /tenants/NAME behind it; another one ends all tokens; empty: https://kubernetes.default.svc.cluster.local"),
            new Setting("authentication-config", "", "file with the OpenID Connect issuers whose tokens are believed, an AuthenticationConfiguration, see docs/identity.md; empty: none"),
            new Setting("keystone-cloud", "", "clouds.yaml with the Keystone whose tokens are believed and the login with which to ask it, see docs/identity.md; empty: none"),
            new Setting("keystone-cloud-name", "", "which cloud of that file; empty: its only one"),
            new Setting("keystone-public-url", "", "where people reach Keystone; empty: where this master does"),
            new Setting("keystone-admin-roles", "admin", "roles on a project whose holders are administrators of its tenant, comma-separated"),
            new Setting("keystone-outage", "300", "seconds for which Keystone's last answer counts while it cannot be asked, 0 to 86400"),
            new Setting("store-mib", "0", "how many MiB of objects may be stored until tenants store nothing larger any more, 0 to 1048576; all are held in memory; 0: three eighths of the master's heap"),
            new Setting("tenant-store-mib", "0", "how many MiB of objects a tenant may have stored whose spec.storedBytes says nothing else, 0 to 1048576; 0: an eighth of the master's heap"),
            new Setting("pod-overhead-mib", "64", "host memory a virtual machine costs beyond its containers, in MiB; added to every pod's spec.overhead"));

    private final Map<String, String> values = new LinkedHashMap<>();
    private final Set<String> given = new HashSet<>();

    private Settings() {
        ALL.forEach(setting -> values.put(setting.name(), setting.fallback()));
    }

    /// Reads the file when it is there, then applies the flags.
    ///
    /// @param flags each `name=value`
    /// @throws UsageException on an unknown name, a bad value or an unreadable file
    static Settings read(Path file, List<String> flags) {
        Settings settings = new Settings();
        if (Files.exists(file)) {
            settings.overlay(file);
        }
        for (String flag : flags) {
            int equals = flag.indexOf('=');
            if (equals < 1) {
                throw new UsageException("--set " + flag + ": write it as name=value, for example --set api-port=7443");
            }
            settings.put(flag.substring(0, equals), flag.substring(equals + 1), "--set");
        }
        return settings;
    }

    /// Writes flags into the file, for the commands that follow: each as a line of its own, in place of the line of that name.
    ///
    /// @param flags each `name=value`, checked before by [#read]
    static void remember(Path file, List<String> flags) {
        if (flags.isEmpty()) {
            return;
        }
        try {
            List<String> lines = Files.exists(file) ? new ArrayList<>(Files.readAllLines(file)) : new ArrayList<>();
            for (String flag : flags) {
                String name = flag.substring(0, flag.indexOf('='));
                String value = flag.substring(flag.indexOf('=') + 1).trim();
                lines.removeIf(line -> line.startsWith(name + ":"));
                lines.add(name + ": '" + value.replace("'", "''") + "'");
            }
            Files.createDirectories(file.toAbsolutePath().getParent());
            Path next = file.resolveSibling(file.getFileName() + ".next");
            Files.write(next, lines);
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UsageException("writing settings to " + file + ": " + e.getMessage() + "\nMend that, or leave --set out.");
        }
    }

    private void overlay(Path file) {
        Object document;
        try {
            document = new Load(LoadSettings.builder().setLabel(file.toString()).build())
                    .loadFromString(Files.readString(file));
        } catch (IOException | YamlEngineException e) {
            throw new UsageException("reading settings from " + file + ": " + e.getMessage() + "\nMend the file, or move it away for the defaults.");
        }
        if (document == null) {
            return;
        }
        if (!(document instanceof Map<?, ?> map)) {
            throw new UsageException("settings in " + file + ": expected lines `name: value`, see `hypernetes config show`");
        }
        map.forEach((name, value) -> put(String.valueOf(name), value == null ? "" : value.toString(), file.toString()));
    }

    private void put(String name, String value, String origin) {
        if (!values.containsKey(name)) {
            throw new UsageException("unknown setting '" + name + "' in " + origin + "; did you mean '" + nearest(name)
                    + "'? `hypernetes config show` lists all.");
        }
        values.put(name, value.trim());
        given.add(name);
    }

    /// Whether the file or a flag says it, be it the default.
    boolean isGiven(String name) {
        return given.contains(name);
    }

    String text(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("no setting is named " + name);
        }
        return value;
    }

    /// The text, or `otherwise` when it is empty.
    String text(String name, String otherwise) {
        String value = text(name);
        return value.isEmpty() ? otherwise : value;
    }

    int port(String name) {
        return number(name, 1, 65535);
    }

    int number(String name, int least, int most) {
        String value = text(name);
        try {
            int number = Integer.parseInt(value);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException notANumber) {
            // said below, with the range
        }
        throw new UsageException("setting " + name + " is '" + value + "'; it must be a number from " + least + " to " + most);
    }

    /// A list of `NAME=VALUE`.
    Map<String, String> map(String name) {
        Map<String, String> map = new LinkedHashMap<>();
        for (String item : list(name)) {
            int equals = item.indexOf('=');
            if (equals < 1 || equals == item.length() - 1) {
                throw new UsageException("setting " + name + " has '" + item + "' in it; write NAME=VALUE, separated by commas");
            }
            map.put(item.substring(0, equals).trim(), item.substring(equals + 1).trim());
        }
        return map;
    }

    List<String> list(String name) {
        List<String> items = new ArrayList<>();
        for (String item : text(name).split(",")) {
            if (!item.isBlank()) {
                items.add(item.trim());
            }
        }
        return items;
    }

    Map<String, String> asMap() {
        return Map.copyOf(values);
    }

    /// The known name with the smallest edit distance to a mistyped one.
    static String nearest(String typed) {
        String best = ALL.getFirst().name();
        int least = Integer.MAX_VALUE;
        for (Setting setting : ALL) {
            int distance = distance(typed, setting.name());
            if (distance < least) {
                least = distance;
                best = setting.name();
            }
        }
        return best;
    }

    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int above = row[j];
                int cost = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                row[j] = Math.min(Math.min(row[j] + 1, row[j - 1] + 1), diagonal + cost);
                diagonal = above;
            }
        }
        return row[b.length()];
    }
}
