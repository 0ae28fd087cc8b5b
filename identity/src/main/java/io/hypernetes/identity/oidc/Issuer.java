package io.hypernetes.identity.oidc;

import io.hypernetes.objects.Json;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// An issuer that is believed, and how its claims are read. Immutable.
///
/// @param url what tokens say in `iss`, an https URL
/// @param audiences a token must be for one of them; the first is the client id with which people log in
/// @param trust PEM of the authorities that the issuer's certificate may come from; empty for the usual ones
/// @param username the claim that names the user
/// @param usernamePrefix put before it
/// @param groups the claim that names the groups; empty for none
/// @param groupsPrefix put before each
/// @param uid the claim that tells apart users of one name; empty for none
/// @param required claims that must have these values
/// @param tenants where all of the issuer's people are at home
/// @param tenantsClaim the claim that names further homes; empty for none. It never makes anybody at home in root
public record Issuer(
        String url,
        List<String> audiences,
        String trust,
        String username,
        String usernamePrefix,
        String groups,
        String groupsPrefix,
        String uid,
        Map<String, String> required,
        List<String> tenants,
        String tenantsClaim) {
    private static final int MOST_ISSUERS = 64;

    public Issuer {
        audiences = List.copyOf(audiences);
        required = Map.copyOf(required);
        tenants = List.copyOf(tenants);
    }

    /// Reads an `AuthenticationConfiguration` of the group `apiserver.config.k8s.io`.
    ///
    /// @param home the tenant whose own configuration it is, which cannot make anybody at home elsewhere; null for the operator's, which says
    ///     where the people of each issuer are at home: `tenants: [NAME]` beside `issuer`, or `claimMappings.tenants.claim`
    /// @throws IllegalArgumentException when it cannot be used; the message says what is wrong where
    public static List<Issuer> parse(ObjectNode configuration, @Nullable String home) {
        if (!Json.string(configuration, "kind").equals("AuthenticationConfiguration")
                || !Json.string(configuration, "apiVersion").matches("apiserver\\.config\\.k8s\\.io/v1(alpha1|beta1)?")) {
            throw new IllegalArgumentException("expected apiVersion: apiserver.config.k8s.io/v1 and kind: AuthenticationConfiguration");
        }
        only(configuration, "the configuration", Set.of("apiVersion", "kind", "metadata", "jwt"));
        var entries = Json.objects(configuration, "jwt");
        if (entries.size() > MOST_ISSUERS) {
            throw new IllegalArgumentException("jwt has " + entries.size() + " issuers; it may have " + MOST_ISSUERS);
        }
        var issuers = new ArrayList<Issuer>();
        var seen = new HashSet<String>();
        for (int i = 0; i < entries.size(); i++) {
            var issuer = one(entries.get(i), "jwt[" + i + "]", home);
            if (!seen.add(issuer.url)) {
                throw new IllegalArgumentException("jwt[" + i + "].issuer.url: " + issuer.url + " is named twice");
            }
            issuers.add(issuer);
        }
        return issuers;
    }

    private static Issuer one(ObjectNode entry, String at, @Nullable String home) {
        only(entry, at, home == null ? Set.of("issuer", "claimMappings", "claimValidationRules", "tenants") : Set.of("issuer", "claimMappings", "claimValidationRules"));
        var issuer = object(entry, "issuer", at);
        only(issuer, at + ".issuer", Set.of("url", "audiences", "audienceMatchPolicy", "certificateAuthority"));
        var url = Json.string(issuer, "url");
        URI address;
        try {
            address = URI.create(url);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(at + ".issuer.url: \"" + url + "\" is no URL", e);
        }
        if (!"https".equals(address.getScheme()) || address.getHost() == null || address.getRawQuery() != null || address.getRawFragment() != null
                || address.getRawUserInfo() != null) {
            throw new IllegalArgumentException(at + ".issuer.url: \"" + url + "\" must be an https URL without query, fragment or user");
        }
        var audiences = texts(issuer, "audiences");
        if (audiences.isEmpty()) {
            throw new IllegalArgumentException(at + ".issuer.audiences: name at least one");
        }
        var mappings = object(entry, "claimMappings", at);
        only(mappings, at + ".claimMappings", home == null ? Set.of("username", "groups", "uid", "tenants") : Set.of("username", "groups", "uid"));
        var username = object(mappings, "username", at + ".claimMappings");
        var groups = mappings.has("groups") ? object(mappings, "groups", at + ".claimMappings") : Json.object();
        prefixed(username, at + ".claimMappings.username");
        if (mappings.has("groups")) {
            prefixed(groups, at + ".claimMappings.groups");
        }
        var required = new LinkedHashMap<String, String>();
        for (var rule : Json.objects(entry, "claimValidationRules")) {
            only(rule, at + ".claimValidationRules", Set.of("claim", "requiredValue"));
            required.put(Json.string(rule, "claim"), Json.string(rule, "requiredValue"));
        }
        var tenants = home == null ? texts(entry, "tenants") : List.of(home);
        var tenantsClaim = Json.string(mappings, "tenants", "claim");
        if (tenants.isEmpty() && tenantsClaim.isEmpty()) {
            throw new IllegalArgumentException(at + ": say where its people are at home: tenants: [NAME], or claimMappings.tenants.claim");
        }
        return new Issuer(
                url, audiences, Json.string(issuer, "certificateAuthority"), Json.string(username, "claim"), Json.string(username, "prefix"),
                Json.string(groups, "claim"), Json.string(groups, "prefix"), Json.string(mappings, "uid", "claim"), required, tenants, tenantsClaim);
    }

    private static void prefixed(ObjectNode mapping, String at) {
        only(mapping, at, Set.of("claim", "prefix"));
        if (Json.string(mapping, "claim").isEmpty()) {
            throw new IllegalArgumentException(at + ".claim: name a claim");
        }
        if (!mapping.path("prefix").isString()) {
            throw new IllegalArgumentException(at + ".prefix: say what is put before names, \"\" for nothing");
        }
    }

    private static ObjectNode object(ObjectNode parent, String name, String at) {
        if (parent.get(name) instanceof ObjectNode object) {
            return object;
        }
        throw new IllegalArgumentException(at + "." + name + " is missing");
    }

    private static List<String> texts(ObjectNode parent, String name) {
        var texts = new ArrayList<String>();
        parent.path(name).forEach(item -> texts.add(item.asString("")));
        return texts;
    }

    private static void only(ObjectNode object, String at, Set<String> known) {
        object.propertyNames().forEach(name -> {
            if (!known.contains(name)) {
                throw new IllegalArgumentException(at + "." + name + " is not understood here; understood are " + known.stream().sorted().toList());
            }
        });
    }
}
