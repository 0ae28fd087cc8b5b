package io.hypernetes.openstack;

import io.hypernetes.objects.Json;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// OpenStack's Identity API v3, as far as it is needed here. Thread-safe; calls block.
public final class Keystone implements AutoCloseable {
    private static final String MINE = "X-Auth-Token";
    private static final String SUBJECT = "X-Subject-Token";
    private static final int LONGEST_TOKEN = 8192;

    private final RestCall rest;

    /// @param url such as `https://keystone:5000/v3`; without a version `/v3` is put behind it
    /// @param tls whom to trust; null for what the JDK trusts
    /// @param timeout of one call
    public Keystone(URI url, @Nullable SSLContext tls, Duration timeout) {
        var text = url.toString().replaceFirst("/+$", "");
        this.rest = new RestCall("Keystone", URI.create(text.endsWith("/v3") ? text : text + "/v3"), tls, timeout);
    }

    /// Which project a token shall be for.
    public sealed interface Scope {
        /// No project: to find out which there are.
        record None() implements Scope {}

        record ProjectId(String id) implements Scope {}

        /// @param domain the project's
        record ProjectName(String name, KeystoneDomain domain) implements Scope {
            /// @param domain by its name
            public ProjectName(String name, String domain) {
                this(name, KeystoneDomain.named(domain));
            }
        }
    }

    /// A project that a user has a role on.
    public record Project(String id, String name, String domainId) {}

    /// Gets a token.
    ///
    /// @throws OpenStackException NOT_AUTHENTICATED when the login is wrong or the user has no role on the project: Keystone does not say which
    public KeystoneToken login(KeystoneLogin login, Scope scope) {
        var request = Json.object();
        var auth = request.putObject("auth");
        auth.set("identity", login.identity());
        if (!login.bound()) {
            switch (scope) {
                case Scope.None _ -> {}
                case Scope.ProjectId project -> auth.putObject("scope").putObject("project").put("id", project.id);
                case Scope.ProjectName project -> {
                    var named = auth.putObject("scope").putObject("project").put("name", project.name);
                    named.set("domain", project.domain.toJson());
                }
            }
        }
        var answer = rest.call("POST", "/auth/tokens?nocatalog", Map.of(), request);
        var token = answer.headers().firstValue(SUBJECT).orElse("");
        if (token.isEmpty() || token.length() > LONGEST_TOKEN) {
            throw new OpenStackException(OpenStackException.Kind.UNAVAILABLE, "Keystone at " + rest.base() + " gave no token");
        }
        return KeystoneToken.of(token, answer.body());
    }

    /// What a token says, if it is good.
    ///
    /// @param own the token of who asks: a user with the role `service` or `admin`
    /// @throws OpenStackException NOT_FOUND when the subject is not good, NOT_AUTHENTICATED when `own` is not
    public KeystoneToken validate(String own, String subject) {
        return KeystoneToken.of(subject, rest.call("GET", "/auth/tokens?nocatalog", Map.of(MINE, own, SUBJECT, subject), null).body());
    }

    /// Ends a token.
    public void revoke(String own, String subject) {
        rest.call("DELETE", "/auth/tokens", Map.of(MINE, own, SUBJECT, subject), null);
    }

    /// The projects for which the holder of a token can get one.
    public List<Project> projects(String token) {
        var projects = new ArrayList<Project>();
        for (var project : Json.objects(rest.call("GET", "/auth/projects", Map.of(MINE, token), null).body(), "projects")) {
            projects.add(new Project(Json.string(project, "id"), Json.string(project, "name"), Json.string(project, "domain_id")));
        }
        return projects;
    }

    /// Where it is.
    public URI url() {
        return rest.base();
    }

    @Override
    public void close() {
        rest.close();
    }
}
