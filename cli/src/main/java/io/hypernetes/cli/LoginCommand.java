package io.hypernetes.cli;

import io.hypernetes.identity.Pem;
import io.hypernetes.objects.Json;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ObjectNode;

/// `hypernetes login`: a person logs in on any machine and gets a kubeconfig with a context for each of the person's tenants.
@Command(
        name = "login",
        description = {"Log in and write a kubeconfig with a context for each of your tenants; prints its path.",
            "The server says how one logs in; with several ways --user, --oidc or --keystone picks one."},
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  hypernetes login https://master:6443 --user alice                    with a password",
            "  hypernetes login https://master:6443 --oidc                          in a browser",
            "  hypernetes login https://master:6443 --oidc --device                 with a code, in a browser elsewhere",
            "  hypernetes login https://master:6443 --oidc --issuer URL --client-id ID --tenant acme    at the tenant's own issuer",
            "  . openrc; hypernetes login https://master:6443 --keystone            as OpenStack's tools do",
            "  hypernetes login https://master:6443 --keystone --user alice --user-domain tenants --project red",
            "  export KUBECONFIG=$(hypernetes login …); hypernetes tenant use acme; kubectl auth whoami"
        })
final class LoginCommand implements Runnable {
    @Mixin
    private final Common common = new Common();

    @Parameters(arity = "0..1", paramLabel = "SERVER", description = "the API server, as https://master:6443; this machine's unless said")
    private @Nullable URI server;

    @Option(names = "--certificate-authority", paramLabel = "FILE", description = "what signs the server's certificate; known by itself on the master's machine")
    private @Nullable Path authority;

    @Option(names = "--user", paramLabel = "NAME", description = "the user, local or of Keystone", defaultValue = "")
    private String user = "";

    @Option(names = "--password-stdin", description = "read the password from standard input")
    private boolean standardInput;

    @Option(names = "--tenant", paramLabel = "NAME", description = "the tenant to begin in; needed at an issuer of its own", defaultValue = "")
    private String tenant = "";

    @Option(names = "--oidc", description = "with OpenID Connect")
    private boolean oidc;

    @Option(names = "--issuer", paramLabel = "URL", description = "the issuer, when the server names none or several", defaultValue = "")
    private String issuer = "";

    @Option(names = "--client-id", paramLabel = "ID", description = "the client that you are at the issuer", defaultValue = "")
    private String clientId = "";

    @Option(names = "--client-secret-file", paramLabel = "FILE", description = "file with the secret of a client that has one")
    private @Nullable Path clientSecret;

    @Option(names = "--issuer-authority", paramLabel = "FILE", description = "what signs the issuer's certificate")
    private @Nullable Path issuerAuthority;

    @Option(names = "--scope", paramLabel = "SCOPES", description = "what to ask the issuer for (default 'openid offline_access')", defaultValue = "openid offline_access")
    private String scope = "openid offline_access";

    @Option(names = "--port", paramLabel = "PORT", description = "port on 127.0.0.1 that the browser comes back to; a free one unless said", defaultValue = "0")
    private int port;

    @Option(names = "--no-browser", description = "do not open a browser, print the address")
    private boolean noBrowser;

    @Option(names = "--device", description = "print an address and a code to be typed on any device")
    private boolean device;

    @Option(names = "--keystone", description = "with OpenStack's Keystone; what is not said is taken from the variables OS_…")
    private boolean keystone;

    @Option(names = "--keystone-url", paramLabel = "URL", description = "where Keystone is, when the server does not say", defaultValue = "")
    private String keystoneUrl = "";

    @Option(names = "--user-domain", paramLabel = "NAME", description = "the user's domain", defaultValue = "")
    private String userDomain = "";

    @Option(names = "--user-domain-id", paramLabel = "ID", description = "the user's domain by its id", defaultValue = "")
    private String userDomainId = "";

    @Option(names = "--project", paramLabel = "NAME", description = "the project", defaultValue = "")
    private String project = "";

    @Option(names = "--project-domain", paramLabel = "NAME", description = "the project's domain; the user's unless said", defaultValue = "")
    private String projectDomain = "";

    @Option(names = "--project-domain-id", paramLabel = "ID", description = "the project's domain by its id", defaultValue = "")
    private String projectDomainId = "";

    @Option(names = "--project-id", paramLabel = "ID", description = "the project by its id", defaultValue = "")
    private String projectId = "";

    @Option(names = "--kubeconfig", paramLabel = "FILE", description = "the kubeconfig to add to (default ~/.hypernetes/kubeconfig)")
    private @Nullable Path kubeconfig;

    @Option(names = "--name", paramLabel = "NAME", description = "what the server is called in the kubeconfig (default hypernetes)", defaultValue = "hypernetes")
    private String name = "hypernetes";

    @Override
    public void run() {
        URI where = server != null ? URI.create(server.toString().replaceFirst("/+$", "")) : OperatorAccess.server(common.clusterSettings());
        if (!"https".equals(where.getScheme()) || where.getHost() == null) {
            throw new UsageException("'" + where + "' is no API server; write it as https://master:6443");
        }
        if (!name.matches("[A-Za-z0-9.-]+")) {
            throw new UsageException("--name " + name + ": letters, digits, . and - only");
        }
        String trust = authority != null ? text(authority) : ofThisMachine();
        try (LoginServer login = new LoginServer(where, trust)) {
            ObjectNode method = chosen(login.methods());
            Tokens tokens = switch (Json.string(method, "type")) {
                case "oidc" -> oidc(method);
                case "keystone" -> KeystoneClient.login(cloud(method));
                default -> local(login);
            };
            LoginServer.Self self = login.self(tokens.token(), tenant);
            if (self.tenants().isEmpty() || (!tenant.isEmpty() && !self.tenants().contains(tenant))) {
                throw new UsageException("you are " + self.user() + " and belong to " + (self.tenants().isEmpty() ? "no tenant" : String.join(", ", self.tenants()))
                        + (tenant.isEmpty() ? "" : ", not to " + tenant) + "; whoever runs the cluster can change that", 77);
            }
            SavedLogin saved = new SavedLogin(where, trust, Json.string(method, "type"), self.user(), tenant, tokens.token(), tokens.expires(), tokens.more());
            Path file = SavedLogin.folder().resolve("logins").resolve((self.user() + "@" + name).replaceAll("[^A-Za-z0-9.@_-]", "_") + ".json");
            saved.save(file);
            Path config = kubeconfig != null ? kubeconfig : LoginKubeconfig.usual();
            LoginKubeconfig contexts = LoginKubeconfig.open(config);
            Map<String, String> names = contexts.add(name, saved, file, self.tenants());
            String first = names.getOrDefault(tenant.isEmpty() ? self.tenants().getFirst() : tenant, "");
            contexts.use(first);
            contexts.save();
            System.err.println("logged in as " + self.user() + "; context " + first + (names.size() > 1 ? ", others: " + String.join(" ", names.values().stream().filter(each -> !each.equals(first)).toList()) : ""));
            System.out.println(config);
        }
    }

    private ObjectNode chosen(List<ObjectNode> offered) {
        String wanted = oidc || device || !issuer.isEmpty() ? "oidc" : keystone || !keystoneUrl.isEmpty() ? "keystone" : !user.isEmpty() ? "local" : "";
        List<ObjectNode> fitting = offered.stream()
                .filter(method -> wanted.isEmpty() || Json.string(method, "type").equals(wanted))
                .filter(method -> issuer.isEmpty() || Json.string(method, "issuer").equals(issuer))
                .toList();
        if (fitting.isEmpty() && !issuer.isEmpty()) {
            // An issuer of a tenant, which the server does not tell everybody about.
            return Json.object().put("type", "oidc").put("issuer", issuer);
        }
        if (fitting.isEmpty() && !keystoneUrl.isEmpty()) {
            return Json.object().put("type", "keystone").put("url", keystoneUrl);
        }
        if (fitting.size() != 1) {
            throw new UsageException(fitting.isEmpty()
                    ? "the server offers no login of that kind"
                    : "the server offers several ways to log in: --user NAME for a local user, --oidc, --keystone, or --issuer URL");
        }
        return fitting.getFirst();
    }

    private Tokens local(LoginServer login) {
        if (user.isEmpty()) {
            throw new UsageException("say who you are: --user NAME");
        }
        return login.login(user, Passwords.ask("Password of " + user + ": ", standardInput));
    }

    private Tokens oidc(ObjectNode method) {
        String id = clientId.isEmpty() ? Json.string(method, "clientID") : clientId;
        if (id.isEmpty()) {
            throw new UsageException("say which client you are at the issuer: --client-id ID");
        }
        String trust = issuerAuthority != null ? text(issuerAuthority) : Json.string(method, "certificateAuthority");
        String secret = clientSecret == null ? "" : text(clientSecret).strip();
        try (OidcClient client = new OidcClient(new OidcClient.Provider(Json.string(method, "issuer"), id, secret, scope, trust))) {
            return device
                    ? client.device((address, code) -> System.err.println("Open " + address + " on any device and check that it shows the code " + code))
                    : client.browser(port, this::open);
        }
    }

    private void open(URI address) {
        System.err.println("Log in in your browser: " + address);
        if (!noBrowser) {
            try {
                new ProcessBuilder(System.getProperty("os.name").startsWith("Mac") ? "open" : "xdg-open", address.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
            } catch (IOException e) {
                // There is none; the address is printed.
            }
        }
    }

    private Cloud cloud(ObjectNode method) {
        Cloud cloud = Cloud.ofEnvironment(System.getenv());
        if (cloud.get("auth_url").isEmpty() || !keystoneUrl.isEmpty()) {
            cloud = cloud.with("auth_url", keystoneUrl.isEmpty() ? Json.string(method, "url") : keystoneUrl);
        }
        cloud = cloud.withUser(user).withDomain("user", userDomain, userDomainId)
                .with("project_name", project).withDomain("project", projectDomain, projectDomainId).with("project_id", projectId);
        boolean asks = cloud.get("application_credential_id").isEmpty() && cloud.get("token").isEmpty() && (standardInput || cloud.get("password").isEmpty());
        return asks ? cloud.with("password", new String(Passwords.ask("Password of " + cloud.user() + " at Keystone: ", standardInput))) : cloud;
    }

    private String ofThisMachine() {
        try {
            Path root = common.places().pki().resolve("root");
            return Files.isReadable(root) && Files.isDirectory(root) ? Pem.encode(OperatorAccess.open(common.places(), common.clusterSettings()).root().certificate()) : "";
        } catch (UsageException e) {
            return "";
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UsageException("reading " + file + ": " + e.getMessage());
        }
    }
}
