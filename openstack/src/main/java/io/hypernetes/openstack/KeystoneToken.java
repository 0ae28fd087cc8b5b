package io.hypernetes.openstack;

import io.hypernetes.objects.Json;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// A good token of Keystone and what it says. [#toString] hides the token itself.
///
/// @param id the token itself
/// @param userDomain the name of the user's domain
/// @param projectId empty when it is for no project
/// @param projectDomainId the id of the project's domain; empty when it is for no project
/// @param roles names, implied ones among them
public record KeystoneToken(
        String id,
        Instant expires,
        String userId,
        String userName,
        String userDomain,
        String projectId,
        String projectName,
        String projectDomainId,
        List<String> roles) {
    private static final int LONGEST_NAME = 255;
    private static final int MOST_ROLES = 500;

    public KeystoneToken {
        roles = List.copyOf(roles);
    }

    /// Reads an answer of Keystone.
    ///
    /// @throws OpenStackException UNAVAILABLE when it makes no sense
    static KeystoneToken of(String id, ObjectNode answer) {
        var token = answer.path("token");
        var roles = new ArrayList<String>();
        for (var role : Json.objects(token, "roles")) {
            if (roles.size() < MOST_ROLES) {
                roles.add(name(Json.string(role, "name")));
            }
        }
        try {
            var read = new KeystoneToken(
                    id,
                    OffsetDateTime.parse(Json.string(token, "expires_at")).toInstant(),
                    name(Json.string(token, "user", "id")),
                    name(Json.string(token, "user", "name")),
                    name(Json.string(token, "user", "domain", "name")),
                    name(Json.string(token, "project", "id")),
                    name(Json.string(token, "project", "name")),
                    name(Json.string(token, "project", "domain", "id")),
                    roles);
            if (read.userId.isEmpty() || read.userName.isEmpty()) {
                throw nonsense();
            }
            return read;
        } catch (DateTimeParseException e) {
            throw nonsense();
        }
    }

    private static String name(String text) {
        if (text.length() > LONGEST_NAME || text.chars().anyMatch(Character::isISOControl)) {
            throw nonsense();
        }
        return text;
    }

    private static OpenStackException nonsense() {
        return new OpenStackException(OpenStackException.Kind.UNAVAILABLE, "Keystone answered a token that makes no sense");
    }

    @Override
    public String toString() {
        return "KeystoneToken[" + userName + "@" + userDomain + ", project " + projectName + ", until " + expires + "]";
    }
}
