package io.hypernetes.cli;

import io.hypernetes.identity.Principal;
import io.hypernetes.identity.SecretFiles;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// A kubeconfig to which logins are added: a context for each tenant of a person, all of them with one login. What else is in the file stays.
final class LoginKubeconfig {
    private final Path file;
    private final Map<String, Object> root;

    private LoginKubeconfig(Path file, Map<String, Object> root) {
        this.file = file;
        this.root = root;
    }

    /// The file that logins go to unless one is named.
    static Path usual() {
        return SavedLogin.folder().resolve("kubeconfig");
    }

    /// @throws UsageException when the file is there and cannot be understood
    static LoginKubeconfig open(Path file) {
        Map<String, Object> root = new LinkedHashMap<>();
        if (Files.exists(file)) {
            try {
                Object read = new Load(LoadSettings.builder().setLabel(file.toString()).build()).loadFromString(Files.readString(file));
                if (read instanceof Map<?, ?> map) {
                    map.forEach((name, value) -> root.put(String.valueOf(name), value));
                } else if (read != null) {
                    throw new UsageException(file + " is no kubeconfig; --kubeconfig names another file");
                }
            } catch (IOException | YamlEngineException e) {
                throw new UsageException("reading the kubeconfig " + file + ": " + e.getMessage());
            }
        }
        root.putIfAbsent("apiVersion", "v1");
        root.putIfAbsent("kind", "Config");
        return new LoginKubeconfig(file, root);
    }

    /// Adds a login, or brings it up to date.
    ///
    /// @param name what the server is called
    /// @param credential the file of the login
    /// @return the contexts, by tenant
    Map<String, String> add(String name, SavedLogin login, Path credential, List<String> tenants) {
        String user = login.user() + "@" + name;
        Map<String, Object> exec = new LinkedHashMap<>();
        exec.put("apiVersion", "client.authentication.k8s.io/v1");
        exec.put("command", command());
        exec.put("args", List.of("credential", credential.toAbsolutePath().normalize().toString()));
        exec.put("interactiveMode", "IfAvailable");
        exec.put("provideClusterInfo", false);
        put("users", user, "user", Map.of("exec", exec));
        Map<String, String> contexts = new LinkedHashMap<>();
        for (String tenant : tenants) {
            String cluster = tenant.equals(Principal.ROOT) ? name : name + "-" + tenant;
            Map<String, Object> place = new LinkedHashMap<>();
            place.put("server", address(login.server(), tenant));
            if (!login.authority().isEmpty()) {
                place.put("certificate-authority-data", Base64.getEncoder().encodeToString(login.authority().getBytes(StandardCharsets.UTF_8)));
            }
            put("clusters", cluster, "cluster", place);
            Map<String, Object> context = new LinkedHashMap<>();
            context.put("cluster", cluster);
            context.put("user", user);
            context.put("namespace", "default");
            put("contexts", login.user() + "@" + cluster, "context", context);
            contexts.put(tenant, login.user() + "@" + cluster);
        }
        return contexts;
    }

    /// Every URL that names its tenant: clients keep what they discover by URL.
    private static String address(URI server, String tenant) {
        return server + "/tenants/" + tenant;
    }

    private static String command() {
        String home = System.getProperty("hypernetes.home", "");
        return home.isEmpty() ? "hypernetes" : Path.of(home, "hypernetes").toString();
    }

    void use(String context) {
        root.put("current-context", context);
    }

    /// The context of a tenant: of the same user as the current one if there is one.
    Optional<String> contextOf(String tenant) {
        List<String> found = new ArrayList<>();
        String user = "";
        for (Map<String, Object> context : list("contexts")) {
            Map<?, ?> fields = context.get("context") instanceof Map<?, ?> map ? map : Map.of();
            String name = String.valueOf(context.get("name"));
            if (name.equals(root.get("current-context"))) {
                user = String.valueOf(fields.get("user"));
            }
            String server = list("clusters").stream()
                    .filter(cluster -> String.valueOf(cluster.get("name")).equals(String.valueOf(fields.get("cluster"))))
                    .map(cluster -> cluster.get("cluster") instanceof Map<?, ?> map ? String.valueOf(map.get("server")) : "")
                    .findFirst()
                    .orElse("");
            if (server.endsWith("/tenants/" + tenant)) {
                found.add(name);
            }
        }
        String wanted = user;
        return found.stream().filter(name -> userOf(name).equals(wanted)).findFirst().or(() -> found.stream().findFirst());
    }

    /// The file of the login that a context uses; of the current one when the name is empty.
    Optional<Path> loginOf(String context) {
        String name = context.isEmpty() ? String.valueOf(root.get("current-context")) : context;
        String user = userOf(name);
        for (Map<String, Object> entry : list("users")) {
            if (String.valueOf(entry.get("name")).equals(user) && entry.get("user") instanceof Map<?, ?> fields && fields.get("exec") instanceof Map<?, ?> exec
                    && exec.get("args") instanceof List<?> arguments && arguments.size() == 2 && "credential".equals(arguments.getFirst())) {
                return Optional.of(Path.of(String.valueOf(arguments.get(1))));
            }
        }
        return Optional.empty();
    }

    /// What the server of a login is called here.
    String serverName() {
        String user = userOf(String.valueOf(root.get("current-context")));
        return user.substring(user.lastIndexOf('@') + 1);
    }

    private String userOf(String context) {
        return list("contexts").stream()
                .filter(entry -> String.valueOf(entry.get("name")).equals(context))
                .map(entry -> entry.get("context") instanceof Map<?, ?> map ? String.valueOf(map.get("user")) : "")
                .findFirst()
                .orElse("");
    }

    private void put(String list, String name, String field, Map<String, Object> value) {
        List<Map<String, Object>> all = new ArrayList<>(list(list));
        all.removeIf(entry -> name.equals(entry.get("name")));
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("name", name);
        entry.put(field, value);
        all.add(entry);
        root.put(list, all);
    }

    private List<Map<String, Object>> list(String name) {
        List<Map<String, Object>> entries = new ArrayList<>();
        if (root.get(name) instanceof List<?> list) {
            for (Object item : list) {
                if (item instanceof Map<?, ?> map) {
                    Map<String, Object> entry = new LinkedHashMap<>();
                    map.forEach((key, value) -> {
                        if (value != null) {
                            entry.put(String.valueOf(key), value);
                        }
                    });
                    entries.add(entry);
                }
            }
        }
        return entries;
    }

    void save() {
        try {
            SecretFiles.replace(file, new Dump(DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build()).dumpToString(root));
        } catch (IOException e) {
            throw new UsageException("writing the kubeconfig " + file + ": " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }
}
