package io.hypernetes.cli;

import io.hypernetes.openstack.Keystone;
import io.hypernetes.openstack.KeystoneLogin;
import io.hypernetes.openstack.KeystoneToken;
import io.hypernetes.openstack.OpenStackException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;

/// A person's side of Keystone: a token for one project.
final class KeystoneClient {
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    private KeystoneClient() {}

    /// Logs in.
    ///
    /// @throws UsageException when Keystone refuses; without a project it says which there are
    static Tokens login(Cloud cloud) {
        try (Keystone keystone = new Keystone(cloud.url(), cloud.trust(), TIMEOUT)) {
            KeystoneLogin login = cloud.login();
            KeystoneToken token = keystone.login(login, cloud.scope());
            if (token.projectId().isEmpty()) {
                var projects = keystone.projects(token.id());
                if (projects.size() != 1) {
                    throw new UsageException("say for which project with --project and --project-domain, or --project-id: "
                            + projects.stream().map(project -> project.name() + " (" + project.id() + ")").collect(Collectors.joining(", ")));
                }
                token = keystone.login(new KeystoneLogin.Token(token.id()), new Keystone.Scope.ProjectId(projects.getFirst().id()));
            }
            Map<String, String> more = new HashMap<>(cloud.values());
            // A password is never written down; an application credential is made to be.
            more.remove("password");
            more.remove("token");
            more.put("project_id", token.projectId());
            return new Tokens(token.id(), token.expires(), more);
        } catch (OpenStackException e) {
            throw new UsageException(String.valueOf(e.getMessage()), e.kind() == OpenStackException.Kind.NOT_AUTHENTICATED ? 77 : UsageException.UNAVAILABLE);
        } catch (IOException | IllegalArgumentException e) {
            throw new UsageException("logging in to Keystone: " + e.getMessage());
        }
    }

    /// Logs in again with what was kept, and a password from the environment or the person where it takes one.
    static Tokens again(SavedLogin saved) {
        Cloud cloud = new Cloud(saved.more());
        if (cloud.get("application_credential_id").isEmpty() && cloud.user().isEmpty()) {
            throw new UsageException("the token that " + saved.user() + " logged in with is over; log in again with `hypernetes login " + saved.server() + " --keystone`", 77);
        }
        if (cloud.get("application_credential_id").isEmpty()) {
            String given = System.getenv("OS_PASSWORD");
            cloud = cloud.with("password", given != null && !given.isEmpty()
                    ? given
                    : new String(Passwords.ask("Password of " + cloud.user() + " at Keystone: ", false)));
        } else {
            // It is bound to its project.
            Map<String, String> values = new HashMap<>(cloud.values());
            values.remove("project_id");
            cloud = new Cloud(values);
        }
        return login(cloud);
    }
}
