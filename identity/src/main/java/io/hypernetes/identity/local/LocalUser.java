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
/// @param memberships by tenant, the first home first
public record LocalUser(String name, String passwordHash, String generation, boolean disabled, Map<String, Membership> memberships) {
    /// The type of the Secrets that hold users.
    public static final String TYPE = "hypernetes.io/user";
    /// The namespace of root in which they are.
    public static final String NAMESPACE = "kube-system";

    private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
    private static final int MOST_CHARACTERS = 63;
    private static final int MOST_GROUP_CHARACTERS = 256;

    /// What a user is in a tenant.
    ///
    /// @param tenantUid of the tenant: one of the same name that is made later is another, which the user does not belong to; empty for root
    public record Membership(String tenantUid, List<String> groups) {
        public Membership {
            groups = List.copyOf(groups);
        }
    }

    public LocalUser {
        if (!isName(name)) {
            throw new IllegalArgumentException("\"" + name + "\" cannot name a user: lower case letters, digits, - and . between them, at most "
                    + MOST_CHARACTERS + " characters");
        }
        memberships.forEach((tenant, membership) -> {
            for (var group : membership.groups) {
                if (group.isBlank() || group.length() > MOST_GROUP_CHARACTERS || group.chars().anyMatch(Character::isISOControl)) {
                    throw new IllegalArgumentException("\"" + group + "\" cannot name a group of user " + name);
                }
            }
        });
        memberships = Collections.unmodifiableMap(new LinkedHashMap<>(memberships));
    }

    /// The groups by tenant, the first home first.
    public Map<String, List<String>> tenants() {
        var groups = new LinkedHashMap<String, List<String>>();
        memberships.forEach((tenant, membership) -> groups.put(tenant, membership.groups));
        return groups;
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
        var tenants = Json.object();
        memberships.forEach((tenant, membership) -> {
            var list = tenants.putObject(tenant).put("uid", membership.tenantUid).putArray("groups");
            membership.groups.forEach(list::add);
        });
        return Map.of(
                "name", name,
                "password-hash", passwordHash,
                "generation", generation,
                "disabled", Boolean.toString(disabled),
                "tenants", Json.print(tenants));
    }

    /// Reads what a Secret holds.
    ///
    /// @throws IllegalArgumentException when that is no user
    public static LocalUser of(Map<String, String> data) {
        var memberships = new LinkedHashMap<String, Membership>();
        try {
            Json.readObject(data.getOrDefault("tenants", "{}")).properties().forEach(member -> {
                var groups = new ArrayList<String>();
                member.getValue().path("groups").forEach(group -> groups.add(group.asString("")));
                memberships.put(member.getKey(), new Membership(Json.string(member.getValue(), "uid"), groups));
            });
        } catch (MalformedJsonException e) {
            throw new IllegalArgumentException("the tenants of a user cannot be read: " + e.getMessage(), e);
        }
        return new LocalUser(
                data.getOrDefault("name", ""),
                data.getOrDefault("password-hash", ""),
                data.getOrDefault("generation", ""),
                data.getOrDefault("disabled", "").equals("true"),
                memberships);
    }

    /// The same with a password, after which earlier logins and certificates count no longer.
    public LocalUser withPassword(String hash, String newGeneration) {
        return new LocalUser(name, hash, newGeneration, disabled, memberships);
    }

    /// The same, believed or not.
    public LocalUser withDisabled(boolean now) {
        return new LocalUser(name, passwordHash, generation, now, memberships);
    }

    /// The same with other groups in a tenant.
    ///
    /// @param tenantUid empty for root
    public LocalUser in(String tenant, String tenantUid, List<String> groups) {
        var all = new LinkedHashMap<>(memberships);
        all.put(tenant, new Membership(tenantUid, groups));
        return new LocalUser(name, passwordHash, generation, disabled, all);
    }

    /// The same, at home in one tenant less.
    public LocalUser outOf(String tenant) {
        var all = new LinkedHashMap<>(memberships);
        all.remove(tenant);
        return new LocalUser(name, passwordHash, generation, disabled, all);
    }

    @Override
    public String toString() {
        return "LocalUser[" + name + ", " + memberships.keySet() + (disabled ? ", disabled" : "") + "]";
    }
}
