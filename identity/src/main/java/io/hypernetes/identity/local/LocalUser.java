package io.hypernetes.identity.local;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// One person whom the operator knows. Immutable; [#toString] hides the hash.
///
/// @param name a lower case name such as `alice` or `alice.smith`
/// @param passwordHash a [PasswordHash]; empty for somebody who has no password and lives by tokens and certificates
/// @param generation changes when all logins and certificates given out so far are to end
/// @param disabled whether nothing of this user is believed at the moment
/// @param tenants the groups by tenant, the first home first
public record LocalUser(String name, String passwordHash, String generation, boolean disabled, Map<String, List<String>> tenants) {
    /// The type of the Secrets that hold users.
    public static final String TYPE = "hypernetes.io/user";
    /// The namespace of root in which they are.
    public static final String NAMESPACE = "kube-system";

    private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
    private static final int MOST_CHARACTERS = 63;
    private static final int MOST_GROUP_CHARACTERS = 256;

    public LocalUser {
        if (!isName(name)) {
            throw new IllegalArgumentException("\"" + name + "\" cannot name a user: lower case letters, digits, - and . between them, at most "
                    + MOST_CHARACTERS + " characters");
        }
        var copy = new LinkedHashMap<String, List<String>>();
        tenants.forEach((tenant, groups) -> {
            for (var group : groups) {
                if (group.isBlank() || group.length() > MOST_GROUP_CHARACTERS || group.chars().anyMatch(Character::isISOControl)) {
                    throw new IllegalArgumentException("\"" + group + "\" cannot name a group of user " + name);
                }
            }
            copy.put(tenant, List.copyOf(groups));
        });
        tenants = Collections.unmodifiableMap(copy);
    }

    /// Whether a text can name a user.
    public static boolean isName(String text) {
        return text.length() <= MOST_CHARACTERS && NAME.matcher(text).matches();
    }

    /// The name of the Secret that holds a user.
    public static String secretOf(String user) {
        return "user-" + user;
    }

    /// The texts that the Secret holds.
    public Map<String, String> data() {
        var memberships = Json.object();
        tenants.forEach((tenant, groups) -> {
            var list = memberships.putArray(tenant);
            groups.forEach(list::add);
        });
        return Map.of(
                "name", name,
                "password-hash", passwordHash,
                "generation", generation,
                "disabled", Boolean.toString(disabled),
                "tenants", Json.print(memberships));
    }

    /// Reads what a Secret holds.
    ///
    /// @throws IllegalArgumentException when that is no user
    public static LocalUser of(Map<String, String> data) {
        var tenants = new LinkedHashMap<String, List<String>>();
        try {
            Json.readObject(data.getOrDefault("tenants", "{}")).properties().forEach(member -> {
                var groups = new ArrayList<String>();
                member.getValue().forEach(group -> groups.add(group.asString("")));
                tenants.put(member.getKey(), groups);
            });
        } catch (MalformedJsonException e) {
            throw new IllegalArgumentException("the tenants of a user cannot be read: " + e.getMessage(), e);
        }
        return new LocalUser(
                data.getOrDefault("name", ""),
                data.getOrDefault("password-hash", ""),
                data.getOrDefault("generation", ""),
                data.getOrDefault("disabled", "").equals("true"),
                tenants);
    }

    /// The same with a password, after which earlier logins and certificates count no longer.
    public LocalUser withPassword(String hash, String newGeneration) {
        return new LocalUser(name, hash, newGeneration, disabled, tenants);
    }

    /// The same, believed or not.
    public LocalUser withDisabled(boolean now) {
        return new LocalUser(name, passwordHash, generation, now, tenants);
    }

    /// The same with other groups in a tenant.
    public LocalUser in(String tenant, List<String> groups) {
        var all = new LinkedHashMap<>(tenants);
        all.put(tenant, groups);
        return new LocalUser(name, passwordHash, generation, disabled, all);
    }

    /// The same, at home in one tenant less.
    public LocalUser outOf(String tenant) {
        var all = new LinkedHashMap<>(tenants);
        all.remove(tenant);
        return new LocalUser(name, passwordHash, generation, disabled, all);
    }

    @Override
    public String toString() {
        return "LocalUser[" + name + ", " + tenants + (disabled ? ", disabled" : "") + "]";
    }
}
